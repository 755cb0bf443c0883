#include "math_flat.h"
#include "math_inline.h"
#include "mm_loss.h"
#include "mm_pool.h"

enum { LANES = 16 };

struct focal_job {
  const mm_focal *p;
  const float *x, *weight, *dloss;
  const int64_t *label;
  float *loss, *dx;
  long step, rows_per_task;
};

// Of a logit: its probability p, 1 - p, and their negative logarithms.
struct logit {
  float p, q, minus_log_p, minus_log_q;
};

MM_INLINE struct logit split(float x) {
  float e = mm_exp(-mm_abs(x)), l = mm_log1p(e), r = 1.0f / (1.0f + e), s = e * r;
  float above = x > 0.0f ? x : 0.0f, below = x > 0.0f ? 0.0f : -x;
  return (struct logit){x >= 0.0f ? r : s, x >= 0.0f ? s : r, below + l, above + l};
}

MM_INLINE float power(float base, float gamma) {
  return gamma == 2.0f ? base * base : gamma == 0.0f ? 1.0f : mm_exp(gamma * mm_log(base));
}

MM_INLINE float negative_loss(float x, float gamma) {
  struct logit s = split(x);
  return power(s.p, gamma) * s.minus_log_q;
}
MM_INLINE float positive_loss(float x, float gamma) {
  struct logit s = split(x);
  return power(s.q, gamma) * s.minus_log_p;
}
MM_INLINE float negative_slope(float x, float gamma) {
  struct logit s = split(x);
  return power(s.p, gamma) * (s.p + gamma * s.q * s.minus_log_q);
}
MM_INLINE float positive_slope(float x, float gamma) {
  struct logit s = split(x);
  return -power(s.q, gamma) * (s.q + gamma * s.p * s.minus_log_p);
}

MM_CLONES static float negatives(long n, const float *x, float gamma) {
  float lanes[LANES] = {0}, rest = 0;
  long i = 0;
  for (; i + LANES <= n; i += LANES)
    MM_LOOP for (int l = 0; l < LANES; l++) lanes[l] += negative_loss(x[i + l], gamma);
  for (; i < n; i++) rest += negative_loss(x[i], gamma);
  for (int w = LANES / 2; w > 0; w /= 2)
    for (int l = 0; l < w; l++) lanes[l] += lanes[l + w];
  return lanes[0] + rest;
}

MM_CLONES static void negative_slopes(long n, const float *x, float gamma, float scale, float *dx) {
  MM_LOOP for (long i = 0; i < n; i++) dx[i] = scale * negative_slope(x[i], gamma);
}

static void focal_rows(void *context, int task, int worker) {
  (void)worker;
  const struct focal_job *j = context;
  const mm_focal *p = j->p;
  long start = task * j->rows_per_task, end = mm_min_long(p->rows, start + j->rows_per_task);
  for (long r = start; r < end; r++) {
    const float *x = j->x + r * p->n;
    int64_t label = j->label[r];
    float weight = j->weight ? j->weight[r] : 1;
    if (weight == 0) {
      j->loss[r] = 0;
      continue;
    }
    float sum;
    if (label >= 0 && label < p->n) {
      sum = negatives(label, x, p->gamma) + negatives(p->n - label - 1, x + label + 1, p->gamma);
      sum = (1 - p->alpha) * sum + p->alpha * positive_loss(x[label], p->gamma);
    } else {
      sum = (1 - p->alpha) * negatives(p->n, x, p->gamma);
    }
    j->loss[r] = weight * sum;
  }
}

void mm_focal_forward(const mm_focal *p, const float *x, const int64_t *label, const float *weight, float *loss) {
  struct focal_job j = {.p = p, .x = x, .label = label, .weight = weight, .loss = loss};
  j.rows_per_task = mm_rows_per_task(p->n * 4);
  mm_parallel((int)mm_div_up(p->rows, j.rows_per_task), focal_rows, &j);
}

static void focal_slopes(void *context, int task, int worker) {
  (void)worker;
  const struct focal_job *j = context;
  const mm_focal *p = j->p;
  long start = task * j->rows_per_task, end = mm_min_long(p->rows, start + j->rows_per_task);
  for (long r = start; r < end; r++) {
    const float *x = j->x + r * p->n;
    float *dx = j->dx + r * p->n;
    int64_t label = j->label[r];
    float scale = j->dloss[r * j->step] * (j->weight ? j->weight[r] : 1);
    if (scale == 0) {
      memset(dx, 0, (size_t)p->n * sizeof(float));
      continue;
    }
    negative_slopes(p->n, x, p->gamma, scale * (1 - p->alpha), dx);
    if (label >= 0 && label < p->n) dx[label] = scale * p->alpha * positive_slope(x[label], p->gamma);
  }
}

void mm_focal_backward(
    const mm_focal *p, const float *x, const int64_t *label, const float *weight, const float *dloss, long step,
    float *dx) {
  struct focal_job j = {.p = p, .x = x, .label = label, .weight = weight, .dloss = dloss, .step = step, .dx = dx};
  j.rows_per_task = mm_rows_per_task(p->n * 4);
  mm_parallel((int)mm_div_up(p->rows, j.rows_per_task), focal_slopes, &j);
}
