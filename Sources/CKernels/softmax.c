// Softmax and log-softmax.
#include "mm_softmax.h"

#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"
#include "softmax_rows.h"

enum { SOFT, LOG_SOFT };

MM_CLONES static void rows_forward(int kind, long rows, long n, const float *x, float *y) {
  float buffer[MM_PIECE];
  for (long r = 0; r < rows; r++, x += n, y += n) {
    const float shift = mm_row_max(n, x);
    double sum = 0;
    for (long i = 0; i < n; i += MM_PIECE) {
      const long m = n - i < MM_PIECE ? n - i : MM_PIECE;
      sum += (double)mm_exp_piece(m, x + i, shift, buffer);
      if (kind == SOFT && n > MM_PIECE) memcpy(y + i, buffer, (size_t)m * sizeof *y);
    }
    if (kind == SOFT) {
      const float scale = (float)(1.0 / sum), *from = n > MM_PIECE ? y : buffer;
      mm_scale_row(n, from, scale, y);
    } else {
      const float log_sum = mm_log((float)sum);
      mm_shift_row(n, x, shift, log_sum, y);
    }
  }
}

MM_CLONES static void rows_backward(int kind, long rows, long n, const float *y, const float *dy, float *dx) {
  for (long r = 0; r < rows; r++, y += n, dy += n, dx += n) {
    float lanes[32] = {0}, rest = 0;
    long i = 0;
    if (kind == SOFT) {
      for (; i + 32 <= n; i += 32)
        for (int l = 0; l < 32; l++) lanes[l] += y[i + l] * dy[i + l];
      for (; i < n; i++) rest += y[i] * dy[i];
    } else {
      for (; i + 32 <= n; i += 32)
        for (int l = 0; l < 32; l++) lanes[l] += dy[i + l];
      for (; i < n; i++) rest += dy[i];
    }
    for (int w = 16; w > 0; w /= 2)
      for (int l = 0; l < w; l++) lanes[l] += lanes[l + w];
    const float sum = rest + lanes[0];
    if (kind == SOFT) {
      MM_LOOP for (long k = 0; k < n; k++) dx[k] = y[k] * (dy[k] - sum);
    } else {
      MM_LOOP for (long k = 0; k < n; k++) dx[k] = dy[k] - mm_exp(y[k]) * sum;
    }
  }
}

// The same for `width` (up to 64) neighbouring columns of x [n, stride].
MM_CLONES static void columns_forward(int kind, long n, long width, long stride, const float *x, float *y) {
  float shift[64], sum[64];
  for (long c = 0; c < width; c++) {
    shift[c] = -INFINITY;
    sum[c] = 0;
  }
  for (long i = 0; i < n; i++) {
    const float *p = x + i * stride;
    MM_LOOP for (long c = 0; c < width; c++) shift[c] = mm_larger(shift[c], p[c]);
  }
  for (long i = 0; i < n; i++) {
    const float *p = x + i * stride;
    float *q = y + i * stride;
    if (kind == SOFT) {
      MM_LOOP for (long c = 0; c < width; c++) {
        const float e = mm_exp(p[c] - shift[c]);
        q[c] = e;
        sum[c] += e;
      }
    } else {
      MM_LOOP for (long c = 0; c < width; c++) sum[c] += mm_exp(p[c] - shift[c]);
    }
  }
  for (long c = 0; c < width; c++) sum[c] = kind == SOFT ? 1.0f / sum[c] : logf(sum[c]);
  for (long i = 0; i < n; i++) {
    const float *p = x + i * stride;
    float *q = y + i * stride;
    if (kind == SOFT) {
      MM_LOOP for (long c = 0; c < width; c++) q[c] *= sum[c];
    } else {
      MM_LOOP for (long c = 0; c < width; c++) q[c] = p[c] - shift[c] - sum[c];
    }
  }
}

MM_CLONES static void columns_backward(int kind, long n, long width, long stride, const float *y, const float *dy,
                                       float *dx) {
  float sum[64] = {0};
  for (long i = 0; i < n; i++) {
    const float *p = y + i * stride, *g = dy + i * stride;
    MM_LOOP for (long c = 0; c < width; c++) sum[c] += kind == SOFT ? p[c] * g[c] : g[c];
  }
  for (long i = 0; i < n; i++) {
    const float *p = y + i * stride, *g = dy + i * stride;
    float *q = dx + i * stride;
    if (kind == SOFT) {
      MM_LOOP for (long c = 0; c < width; c++) q[c] = p[c] * (g[c] - sum[c]);
    } else {
      MM_LOOP for (long c = 0; c < width; c++) q[c] = g[c] - mm_exp(p[c]) * sum[c];
    }
  }
}

struct softmax {
  int kind;
  long outer, n, inner, per_task;
  const float *x, *dy;
  float *y;
};

static void rows_task(void *context, int task, int worker) {
  (void)worker;
  const struct softmax *s = context;
  long start = task * s->per_task, rows = mm_min_long(s->per_task, s->outer - start), at = start * s->n;
  if (s->dy) {
    rows_backward(s->kind, rows, s->n, s->x + at, s->dy + at, s->y + at);
  } else {
    rows_forward(s->kind, rows, s->n, s->x + at, s->y + at);
  }
}

static void columns_task(void *context, int task, int worker) {
  (void)worker;
  const struct softmax *s = context;
  long strips = mm_div_up(s->inner, 64), start = task * s->per_task;
  for (long k = start; k < mm_min_long(start + s->per_task, s->outer * strips); k++) {
    long c = k % strips * 64, at = k / strips * s->n * s->inner + c, width = mm_min_long(64, s->inner - c);
    if (s->dy) {
      columns_backward(s->kind, s->n, width, s->inner, s->x + at, s->dy + at, s->y + at);
    } else {
      columns_forward(s->kind, s->n, width, s->inner, s->x + at, s->y + at);
    }
  }
}

static void run(int kind, long outer, long n, long inner, const float *x, const float *dy, float *y) {
  if (n <= 0) return;
  struct softmax s = {kind, outer, n, inner, 0, x, dy, y};
  long items = inner == 1 ? outer : outer * mm_div_up(inner, 64);
  s.per_task = mm_max_long(1, MM_CHUNK_HEAVY / (n * mm_min_long(inner, 64)));
  mm_parallel((int)mm_div_up(items, s.per_task), inner == 1 ? rows_task : columns_task, &s);
}

void mm_softmax_forward(long outer, long n, long inner, const float *x, float *y) {
  run(SOFT, outer, n, inner, x, NULL, y);
}
void mm_log_softmax_forward(long outer, long n, long inner, const float *x, float *y) {
  run(LOG_SOFT, outer, n, inner, x, NULL, y);
}
void mm_softmax_backward(long outer, long n, long inner, const float *y, const float *dy, float *dx) {
  run(SOFT, outer, n, inner, y, dy, dx);
}
void mm_log_softmax_backward(long outer, long n, long inner, const float *y, const float *dy, float *dx) {
  run(LOG_SOFT, outer, n, inner, y, dy, dx);
}
