#include "math_flat.h"
#include "math_inline.h"
#include "mm_loss.h"
#include "mm_pool.h"

enum { MAX_RUN = 512 };  // neighbouring positions that are handled together where classes are not innermost

struct job {
  const mm_cross_entropy *p;
  const float *x, *lse_in, *dloss;
  const int64_t *label;
  float *loss, *lse, *dx;
  long step, runs, rows_per_task;
  float weight_sum;
};

// Rows are handled in pieces that are filled up to whole groups of sixteen: short rows then need no slow rest.
enum { LANES = 16, PIECE = 512 };

// Copies n <= PIECE elements, fills up with `fill`, and returns how many there are then.
MM_INLINE long fill_up(long n, const float *x, float fill, float *piece) {
  long whole = (n + LANES - 1) / LANES * LANES;
  for (int l = 0; l < LANES; l++) piece[whole - LANES + l] = fill;
  memcpy(piece, x, (size_t)n * sizeof(float));
  return whole;
}

// log(sum(exp(x))) of each row.
MM_CLONES static void rows_lse(long rows, long n, const float *x, float *lse) {
  float piece[PIECE];
  for (long r = 0; r < rows; r++, x += n) {
    float best[LANES], largest = -INFINITY;
    for (int l = 0; l < LANES; l++) best[l] = -INFINITY;
    for (long start = 0; start < n; start += PIECE) {
      long m = fill_up(mm_min_long(PIECE, n - start), x + start, -INFINITY, piece);
      for (long i = 0; i < m; i += LANES)
        for (int l = 0; l < LANES; l++) best[l] = mm_larger(best[l], piece[i + l]);
    }
    for (int l = 0; l < LANES; l++) largest = mm_larger(largest, best[l]);
    if (largest == -INFINITY || largest == INFINITY) {
      lse[r] = largest;
      continue;
    }
    float lanes[LANES] = {0};
    for (long start = 0; start < n; start += PIECE) {
      long m = fill_up(mm_min_long(PIECE, n - start), x + start, -INFINITY, piece);
      for (long i = 0; i < m; i += LANES)
        MM_LOOP for (int l = 0; l < LANES; l++) lanes[l] += mm_exp(piece[i + l] - largest);
    }
    for (int w = LANES / 2; w > 0; w /= 2)
      for (int l = 0; l < w; l++) lanes[l] += lanes[l + w];
    lse[r] = largest + mm_log(lanes[0]);
  }
}

// d/dx_c of hard (lse - x_y) + smooth (sum_c w_c lse - sum_c w_c x_c), without the term of the label.
MM_CLONES static void row_gradient(
    long n, const float *x, float lse, const float *weight, float hard, float smooth, float weight_sum, float *dx) {
  const float scale = hard + smooth * weight_sum;
  float piece[PIECE];
  for (long start = 0; start < n; start += PIECE) {
    long m = mm_min_long(PIECE, n - start), whole = fill_up(m, x + start, 0, piece);
    for (long i = 0; i < whole; i += LANES)
      MM_LOOP for (int l = 0; l < LANES; l++) piece[i + l] = scale * mm_exp(piece[i + l] - lse);
    if (smooth == 0) {
      memcpy(dx + start, piece, (size_t)m * sizeof(float));
    } else if (weight) {
      MM_LOOP for (long i = 0; i < m; i++) dx[start + i] = piece[i] - smooth * weight[start + i];
    } else {
      MM_LOOP for (long i = 0; i < m; i++) dx[start + i] = piece[i] - smooth;
    }
  }
}

// log-sum-exp of `run` neighbouring columns of a [n, inner] block.
MM_CLONES static void columns_lse(long n, long inner, long run, const float *x, float *best, float *lse) {
  for (long i = 0; i < run; i++) best[i] = -INFINITY;
  for (long c = 0; c < n; c++) {
    const float *row = x + c * inner;
    MM_LOOP for (long i = 0; i < run; i++) best[i] = mm_larger(best[i], row[i]);
  }
  for (long i = 0; i < run; i++) lse[i] = 0;
  for (long c = 0; c < n; c++) {
    const float *row = x + c * inner;
    MM_LOOP for (long i = 0; i < run; i++) lse[i] += mm_exp(row[i] - best[i]);
  }
  MM_LOOP for (long i = 0; i < run; i++) {
    float b = best[i];
    lse[i] = b == -INFINITY || b == INFINITY ? b : b + mm_log(lse[i]);
  }
}

MM_CLONES static void columns_gradient(
    long run, const float *x, const float *lse, const float *scale, const float *smooth, float weight, float *dx) {
  MM_LOOP for (long i = 0; i < run; i++) dx[i] = scale[i] * mm_exp(x[i] - lse[i]) - smooth[i] * weight;
}

static float class_weight(const mm_cross_entropy *p, long c) { return p->weight ? p->weight[c] : 1.0f; }

static int counts(const mm_cross_entropy *p, int64_t label) {
  return label != p->ignore && label >= 0 && label < p->n;
}

// The loss at one position whose logits lie `stride` apart.
static float position_loss(const struct job *j, const float *x, long stride, int64_t label, float lse) {
  const mm_cross_entropy *p = j->p;
  if (!counts(p, label)) return 0;
  float hard = class_weight(p, label) * (lse - x[label * stride]);
  if (p->smoothing == 0) return hard;
  double smooth = 0;
  for (long c = 0; c < p->n; c++) smooth += (double)class_weight(p, c) * (double)(lse - x[c * stride]);
  return (1 - p->smoothing) * hard + p->smoothing / (float)p->n * (float)smooth;
}

enum { SHORT = 64, BLOCK = 64 };

// The same as rows_lse for n <= SHORT: blocks of rows are transposed and handled as columns.
static void short_rows_lse(long rows, long n, const float *x, float *lse) {
  float columns[SHORT * BLOCK], best[BLOCK];
  for (long start = 0; start < rows; start += BLOCK) {
    long m = mm_min_long(BLOCK, rows - start);
    for (long r = 0; r < m; r++)
      for (long c = 0; c < n; c++) columns[c * BLOCK + r] = x[(start + r) * n + c];
    columns_lse(n, BLOCK, m, columns, best, lse + start);
  }
}

static void forward_rows(void *context, int task, int worker) {
  (void)worker;
  const struct job *j = context;
  const mm_cross_entropy *p = j->p;
  long start = task * j->rows_per_task, end = mm_min_long(p->outer, start + j->rows_per_task);
  (p->n <= SHORT ? short_rows_lse : rows_lse)(end - start, p->n, j->x + start * p->n, j->lse + start);
  for (long o = start; o < end; o++) j->loss[o] = position_loss(j, j->x + o * p->n, 1, j->label[o], j->lse[o]);
}

static void forward_columns(void *context, int task, int worker) {
  (void)worker;
  const struct job *j = context;
  const mm_cross_entropy *p = j->p;
  long o = task / j->runs, start = task % j->runs * MAX_RUN, run = mm_min_long(MAX_RUN, p->inner - start);
  const float *x = j->x + o * p->n * p->inner + start;
  float best[MAX_RUN], *lse = j->lse + o * p->inner + start;
  columns_lse(p->n, p->inner, run, x, best, lse);
  for (long i = 0; i < run; i++) {
    long at = o * p->inner + start + i;
    j->loss[at] = position_loss(j, x + i, p->inner, j->label[at], lse[i]);
  }
}

long mm_cross_entropy_forward(
    const mm_cross_entropy *p, const float *x, const int64_t *label, float *loss, float *lse, double *total) {
  long bad = 0, positions = p->outer * p->inner;
  double sum = 0;
  for (long i = 0; i < positions; i++) {
    if (label[i] == p->ignore) continue;
    if (label[i] >= 0 && label[i] < p->n) {
      sum += (double)class_weight(p, label[i]);
    } else if (!bad) {
      bad = i + 1;
    }
  }
  *total = sum;
  struct job j = {.p = p, .x = x, .label = label, .loss = loss, .lse = lse};
  if (p->inner == 1) {
    j.rows_per_task = mm_rows_per_task(p->n * 4);
    mm_parallel((int)mm_div_up(p->outer, j.rows_per_task), forward_rows, &j);
  } else {
    j.runs = mm_div_up(p->inner, MAX_RUN);
    mm_parallel((int)(p->outer * j.runs), forward_columns, &j);
  }
  return bad;
}

static void backward_rows(void *context, int task, int worker) {
  (void)worker;
  const struct job *j = context;
  const mm_cross_entropy *p = j->p;
  long start = task * j->rows_per_task, end = mm_min_long(p->outer, start + j->rows_per_task);
  for (long o = start; o < end; o++) {
    float *dx = j->dx + o * p->n;
    int64_t label = j->label[o];
    if (!counts(p, label)) {
      memset(dx, 0, (size_t)p->n * sizeof(float));
      continue;
    }
    float g = j->dloss[o * j->step];
    float hard = g * (1 - p->smoothing) * class_weight(p, label), smooth = g * p->smoothing / (float)p->n;
    row_gradient(p->n, j->x + o * p->n, j->lse_in[o], p->weight, hard, smooth, j->weight_sum, dx);
    dx[label] -= hard;
  }
}

static void backward_columns(void *context, int task, int worker) {
  (void)worker;
  const struct job *j = context;
  const mm_cross_entropy *p = j->p;
  long o = task / j->runs, start = task % j->runs * MAX_RUN, run = mm_min_long(MAX_RUN, p->inner - start);
  long at = o * p->inner + start, base = o * p->n * p->inner + start;
  float scale[MAX_RUN], smooth[MAX_RUN], hard[MAX_RUN];
  for (long i = 0; i < run; i++) {
    int64_t label = j->label[at + i];
    float g = counts(p, label) ? j->dloss[(at + i) * j->step] : 0;
    hard[i] = g == 0 ? 0 : g * (1 - p->smoothing) * class_weight(p, label);
    smooth[i] = g * p->smoothing / (float)p->n;
    scale[i] = hard[i] + smooth[i] * j->weight_sum;
  }
  for (long c = 0; c < p->n; c++)
    columns_gradient(
        run, j->x + base + c * p->inner, j->lse_in + at, scale, smooth, class_weight(p, c), j->dx + base + c * p->inner);
  for (long i = 0; i < run; i++)
    if (counts(p, j->label[at + i])) j->dx[base + j->label[at + i] * p->inner + i] -= hard[i];
}

void mm_cross_entropy_backward(
    const mm_cross_entropy *p, const float *x, const int64_t *label, const float *lse, const float *dloss, long step,
    float *dx) {
  struct job j = {.p = p, .x = x, .label = label, .lse_in = lse, .dloss = dloss, .step = step, .dx = dx};
  double sum = 0;
  for (long c = 0; c < p->n; c++) sum += (double)class_weight(p, c);
  j.weight_sum = (float)sum;
  if (p->inner == 1) {
    j.rows_per_task = mm_rows_per_task(p->n * 4);
    mm_parallel((int)mm_div_up(p->outer, j.rows_per_task), backward_rows, &j);
  } else {
    j.runs = mm_div_up(p->inner, MAX_RUN);
    mm_parallel((int)(p->outer * j.runs), backward_columns, &j);
  }
}
