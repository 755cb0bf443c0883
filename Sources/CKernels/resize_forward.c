// Interpolation: each output row mixes its input rows, after mixing along them.
#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"
#include "resize_taps.h"

struct forward_loop {
  const mm_resize *r;
  mm_taps rows, columns;
  long count, rows_per_task;  // rows of all images
  const float *x;
  float *y;
};

// A block of channels of one output pixel, in registers.
#define MIX(type, blocks, load, store)                                                                       \
  do {                                                                                                       \
    type sum[blocks];                                                                                        \
    _Pragma("unroll") for (int a = 0; a < taps; a++) {                                                       \
      _Pragma("unroll") for (int b = 0; b < blocks; b++) {                                                   \
        type along = load(row[a] + column[0] * c + k + 16 * b) * wx[0];                                      \
        _Pragma("unroll") for (int j = 1; j < taps; j++)                                                     \
            along += load(row[a] + column[j] * c + k + 16 * b) * wx[j];                                      \
        sum[b] = a == 0 ? along * wy[0] : sum[b] + along * wy[a];                                            \
      }                                                                                                      \
    }                                                                                                        \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) store(y + k + 16 * b, sum[b]);                        \
  } while (0)
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))

MM_INLINE void mix_rows(const struct forward_loop *loop, long first, long end, const int taps) {
  const mm_resize *r = loop->r;
  const long c = r->c;
  float *y = loop->y + first * r->ow * c;
  for (long i = first; i < end; i++) {
    const float *x = loop->x + i / r->oh * r->h * r->w * c, *row[4];
    const float *wy = loop->rows.weight + i % r->oh * taps;
    for (int a = 0; a < taps; a++) row[a] = x + loop->rows.place[i % r->oh * taps + a] * r->w * c;
    for (long ox = 0; ox < r->ow; ox++, y += c) {
      const long *column = loop->columns.place + ox * taps;
      const float *wx = loop->columns.weight + ox * taps;
      long k = 0;
      for (; k + 32 <= c; k += 32) MIX(mm_v16, 2, MM_LOAD16, MM_STORE16);
      for (; k + 16 <= c; k += 16) MIX(mm_v16, 1, MM_LOAD16, MM_STORE16);
      if (k < c && c >= 16) {  // the last block overlaps the one before
        k = c - 16;
        MIX(mm_v16, 1, MM_LOAD16, MM_STORE16);
        k = c;
      }
      for (; k < c; k++) MIX(float, 1, LOAD, STORE);
    }
  }
}
MM_CLONES static void linear(const struct forward_loop *loop, long first, long end) { mix_rows(loop, first, end, 2); }
MM_CLONES static void cubic(const struct forward_loop *loop, long first, long end) { mix_rows(loop, first, end, 4); }

static void nearest(const struct forward_loop *loop, long first, long end) {
  const mm_resize *r = loop->r;
  const long c = r->c;
  float *y = loop->y + first * r->ow * c;
  for (long i = first; i < end; i++) {
    const float *row = loop->x + (i / r->oh * r->h + loop->rows.place[i % r->oh]) * r->w * c;
    for (long ox = 0; ox < r->ow; ox++, y += c) {
      const float *from = row + loop->columns.place[ox] * c;
      if (c < 16) {
        for (long k = 0; k < c; k++) y[k] = from[k];
      } else {
        memcpy(y, from, (size_t)c * sizeof *y);
      }
    }
  }
}

static void task(void *context, int task, int worker) {
  (void)worker;
  const struct forward_loop *loop = context;
  const long first = task * loop->rows_per_task, end = mm_min_long(loop->count, first + loop->rows_per_task);
  if (loop->rows.taps == 4) {
    cubic(loop, first, end);
  } else if (loop->rows.taps == 2) {
    linear(loop, first, end);
  } else {
    nearest(loop, first, end);
  }
}

void mm_resize_forward(const mm_resize *r, const float *x, float *y) {
  if (r->n * r->oh * r->ow * r->c == 0) return;
  struct forward_loop loop = {.r = r, .count = r->n * r->oh, .x = x, .y = y};
  mm_resize_taps(r, &loop.rows, &loop.columns);
  loop.rows_per_task = mm_rows_per_task(r->ow * r->c * loop.rows.taps / 2);
  mm_parallel((int)mm_div_up(loop.count, loop.rows_per_task), task, &loop);
}
