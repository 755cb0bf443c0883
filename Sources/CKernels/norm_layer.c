// LayerNorm and L2 normalisation over the last axis of [rows, c].
#include <stdlib.h>

#include "math_flat.h"
#include "math_inline.h"
#include "mm_norm.h"
#include "mm_pool.h"
#include "reduce_inline.h"

#define X16(i) MM_LOAD16(p + (i))
#define X1(i) p[i]
#define SQUARE16(i) ((MM_LOAD16(p + (i)) - m) * (MM_LOAD16(p + (i)) - m))
#define SQUARE1(i) ((p[i] - m) * (p[i] - m))

struct layer_norm {
  long rows, c, per_task;
  const float *x, *dy, *gamma, *beta;
  float eps, *mean, *rstd, *y, *dgamma, *dbeta;
  double *partial;  // [tasks, 2, c]
};

MM_CLONES static void forward(const struct layer_norm *s, long start, long end) {
  const long c = s->c;
  const float *gamma = s->gamma, *beta = s->beta;
  for (long r = start; r < end; r++) {
    const float *p = s->x + r * c;
    float *q = s->y + r * c;
    double sum = 0, square = 0;
    MM_BLOCK_SUM(sum, c, X16, X1);
    const float m = (float)(sum / (double)c);
    MM_BLOCK_SUM(square, c, SQUARE16, SQUARE1);
    const float k = (float)(1.0 / sqrt(square / (double)c + (double)s->eps));
    s->mean[r] = m;
    s->rstd[r] = k;
    if (gamma && beta) {
      MM_LOOP for (long i = 0; i < c; i++) q[i] = (p[i] - m) * k * gamma[i] + beta[i];
    } else if (gamma) {
      MM_LOOP for (long i = 0; i < c; i++) q[i] = (p[i] - m) * k * gamma[i];
    } else {
      MM_LOOP for (long i = 0; i < c; i++) q[i] = (p[i] - m) * k;
      if (beta) MM_LOOP for (long i = 0; i < c; i++) q[i] += beta[i];
    }
  }
}

static void forward_task(void *context, int task, int worker) {
  (void)worker;
  const struct layer_norm *s = context;
  forward(s, task * s->per_task, mm_min_long((task + 1) * s->per_task, s->rows));
}

void mm_layer_norm_forward(long rows, long c, const float *x, const float *gamma, const float *beta, float eps,
                           float *mean, float *rstd, float *y) {
  struct layer_norm s = {.rows = rows, .c = c, .per_task = mm_rows_per_task(c), .x = x, .gamma = gamma, .beta = beta};
  s.eps = eps;
  s.mean = mean;
  s.rstd = rstd;
  s.y = y;
  mm_parallel((int)mm_div_up(rows, s.per_task), forward_task, &s);
}

// One row of dx: rstd (g - mean(g) - xhat mean(g xhat)) with g = dy gamma. Adds dy xhat and dy to the columns' sums.
MM_INLINE void row_backward(long c, const float *p, const float *g, const float *gamma, const int scaled, float m,
                            float k, const int sums, float *dgamma, float *dbeta, const int writes, float *dx) {
  mm_v16 a16 = {0}, b16 = {0};
  float a = 0, b = 0;
  long i = 0;
  for (; i + 16 <= c; i += 16) {
    const mm_v16 xhat = (MM_LOAD16(p + i) - m) * k, dy = MM_LOAD16(g + i);
    const mm_v16 v = scaled ? dy * MM_LOAD16(gamma + i) : dy;
    a16 += v;
    b16 += v * xhat;
    if (sums) {
      MM_STORE16(dgamma + i, MM_LOAD16(dgamma + i) + dy * xhat);
      MM_STORE16(dbeta + i, MM_LOAD16(dbeta + i) + dy);
    }
  }
  for (; i < c; i++) {
    const float xhat = (p[i] - m) * k, dy = g[i], v = scaled ? dy * gamma[i] : dy;
    a += v;
    b += v * xhat;
    if (sums) {
      dgamma[i] += dy * xhat;
      dbeta[i] += dy;
    }
  }
  if (!writes) return;
  MM_SUM16(a, a16);
  MM_SUM16(b, b16);
  a /= (float)c;
  b /= (float)c;
  MM_LOOP for (long j = 0; j < c; j++) {
    const float xhat = (p[j] - m) * k, v = scaled ? g[j] * gamma[j] : g[j];
    dx[j] = k * (v - a - xhat * b);
  }
}

// Rows of a task in blocks of 32, whose f32 sums (in `block`, 2 c floats) are added in double.
MM_CLONES static void backward(const struct layer_norm *s, long start, long end, float *block, double *total) {
  const long c = s->c;
  const int sums = total != NULL;
  for (long r0 = start; r0 < end; r0 += 32) {
    if (sums) memset(block, 0, (size_t)(2 * c) * sizeof *block);
    for (long r = r0; r < mm_min_long(r0 + 32, end); r++) {
      const float *p = s->x + r * c, *g = s->dy + r * c;
      float *q = s->y ? s->y + r * c : NULL;
      const float m = s->mean[r], k = s->rstd[r];
      if (s->gamma && sums && q) {
        row_backward(c, p, g, s->gamma, 1, m, k, 1, block, block + c, 1, q);
      } else if (s->gamma && sums) {
        row_backward(c, p, g, s->gamma, 1, m, k, 1, block, block + c, 0, q);
      } else if (s->gamma) {
        row_backward(c, p, g, s->gamma, 1, m, k, 0, block, block, 1, q);
      } else if (sums) {
        row_backward(c, p, g, NULL, 0, m, k, 1, block, block + c, 0, q);
        if (q) row_backward(c, p, g, NULL, 0, m, k, 0, block, block, 1, q);
      } else {
        row_backward(c, p, g, NULL, 0, m, k, 0, block, block, 1, q);
      }
    }
    if (sums) MM_LOOP for (long i = 0; i < 2 * c; i++) total[i] += (double)block[i];
  }
}

static void backward_task(void *context, int task, int worker) {
  (void)worker;
  const struct layer_norm *s = context;
  double *total = s->partial ? s->partial + task * 2 * s->c : NULL;
  if (total) memset(total, 0, (size_t)(2 * s->c) * sizeof *total);
  backward(s, task * s->per_task, mm_min_long((task + 1) * s->per_task, s->rows),
           mm_scratch(7, (size_t)(2 * s->c) * sizeof(float)), total);
}

void mm_layer_norm_backward(long rows, long c, const float *x, const float *dy, const float *mean, const float *rstd,
                            const float *gamma, float *dgamma, float *dbeta, float *dx) {
  struct layer_norm s = {.rows = rows, .c = c, .x = x, .dy = dy, .gamma = gamma, .y = dx};
  s.mean = (float *)mean;
  s.rstd = (float *)rstd;
  if (!dgamma && !dbeta && !dx) return;
  s.per_task = mm_max_long(32, mm_rows_per_task(c));
  long tasks = mm_div_up(rows, s.per_task);
  if (dgamma || dbeta) s.partial = mm_temporary((size_t)(mm_max_long(tasks, 1) * 2 * c) * sizeof(double));
  mm_parallel((int)tasks, backward_task, &s);
  if (!s.partial) return;
  double *total = s.partial;
  if (tasks == 0) memset(total, 0, (size_t)(2 * c) * sizeof *total);
  for (long t = 1; t < tasks; t++)
    for (long i = 0; i < 2 * c; i++) total[i] += total[t * 2 * c + i];
  for (long i = 0; i < c; i++) {
    if (dgamma) dgamma[i] = (float)total[i];
    if (dbeta) dbeta[i] = (float)total[c + i];
  }
  free(s.partial);
}

struct l2 {
  long rows, c, per_task;
  const float *x, *dy;
  float eps, *norm, *to;
};

MM_CLONES static void l2_rows(const struct l2 *s, long start, long end) {
  const long c = s->c;
  const float m = 0;
  for (long r = start; r < end; r++) {
    const float *p = s->x + r * c;
    float *q = s->to + r * c;
    if (!s->dy) {
      double square = 0;
      MM_BLOCK_SUM(square, c, SQUARE16, SQUARE1);
      const float norm = (float)sqrt(square), divisor = mm_at_least(norm, s->eps);
      s->norm[r] = norm;
      MM_LOOP for (long i = 0; i < c; i++) q[i] = p[i] / divisor;
      continue;
    }
    // p is y here. Below eps the divisor is constant.
    const float *g = s->dy + r * c;
    float dot = 0;
    for (long i = 0; i < c; i++) dot += p[i] * g[i];
    const float norm = s->norm[r], scale = 1.0f / mm_at_least(norm, s->eps);
    if (norm < s->eps) dot = 0;
    MM_LOOP for (long i = 0; i < c; i++) q[i] = (g[i] - p[i] * dot) * scale;
  }
}
static void l2_task(void *context, int task, int worker) {
  (void)worker;
  const struct l2 *s = context;
  l2_rows(s, task * s->per_task, mm_min_long((task + 1) * s->per_task, s->rows));
}
void mm_l2_normalize_forward(long rows, long c, const float *x, float eps, float *norm, float *y) {
  struct l2 s = {rows, c, mm_rows_per_task(c), x, NULL, eps, norm, y};
  mm_parallel((int)mm_div_up(rows, s.per_task), l2_task, &s);
}
void mm_l2_normalize_backward(long rows, long c, const float *y, const float *dy, const float *norm, float eps,
                              float *dx) {
  struct l2 s = {rows, c, mm_rows_per_task(c), y, dy, eps, (float *)norm, dx};
  mm_parallel((int)mm_div_up(rows, s.per_task), l2_task, &s);
}
