// Gradient of interpolation: each input row gathers from the output rows that it went into, so that the order of sums
// is fixed.
#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"
#include "resize_taps.h"

struct backward_loop {
  const mm_resize *r;
  mm_transposed_taps rows, columns;
  long count, rows_per_task;  // rows of all images
  const float *dy;
  float *dx;
};

// to[0..<n] = the sum over k < count of weight[k] * from[place[k] * stride + ...]
#define GATHER(type, blocks, load, store)                                                                    \
  do {                                                                                                       \
    type sum[blocks];                                                                                        \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) sum[b] = (type){};                                    \
    for (long k = 0; k < count; k++) {                                                                       \
      const float *p = from + place[k] * stride + i;                                                         \
      _Pragma("unroll") for (int b = 0; b < blocks; b++) sum[b] += load(p + 16 * b) * weight[k];             \
    }                                                                                                        \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) store(to + i + 16 * b, sum[b]);                       \
  } while (0)
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))

MM_INLINE void gather(long n, long count, const long *place, const float *weight, long stride, const float *from,
                      float *to) {
  long i = 0;
  for (; i + 64 <= n; i += 64) GATHER(mm_v16, 4, MM_LOAD16, MM_STORE16);
  for (; i + 16 <= n; i += 16) GATHER(mm_v16, 1, MM_LOAD16, MM_STORE16);
  if (i < n && n >= 16) {  // the last block overlaps the one before
    i = n - 16;
    GATHER(mm_v16, 1, MM_LOAD16, MM_STORE16);
    i = n;
  }
  for (; i < n; i++) GATHER(float, 1, LOAD, STORE);
}

MM_CLONES static void rows(const struct backward_loop *loop, long first, long end, float *buffer) {
  const mm_resize *r = loop->r;
  const long c = r->c, width = r->ow * c;
  float *dx = loop->dx + first * r->w * c;
  for (long i = first; i < end; i++) {
    const long y = i % r->h, from = loop->rows.start[y], count = loop->rows.start[y + 1] - from;
    gather(width, count, loop->rows.place + from, loop->rows.weight + from, width,
           loop->dy + i / r->h * r->oh * width, buffer);
    for (long x = 0; x < r->w; x++, dx += c) {
      const long start = loop->columns.start[x];
      gather(c, loop->columns.start[x + 1] - start, loop->columns.place + start, loop->columns.weight + start, c,
             buffer, dx);
    }
  }
}

static void task(void *context, int task, int worker) {
  (void)worker;
  const struct backward_loop *loop = context;
  const long first = task * loop->rows_per_task, end = mm_min_long(loop->count, first + loop->rows_per_task);
  rows(loop, first, end, mm_scratch(3, (size_t)(loop->r->ow * loop->r->c + 1) * sizeof(float)));
}

void mm_resize_backward(const mm_resize *r, const float *dy, float *dx) {
  if (r->n * r->h * r->w * r->c == 0) return;
  struct backward_loop loop = {.r = r, .count = r->n * r->h, .dy = dy, .dx = dx};
  mm_taps rows, columns;
  mm_resize_taps(r, &rows, &columns);
  loop.rows = mm_transpose_taps(&rows, r->h, r->oh, 1);
  loop.columns = mm_transpose_taps(&columns, r->w, r->ow, 2);
  const long taken = mm_max_long(r->oh * rows.taps / r->h, 1);  // output rows an input row
  loop.rows_per_task = mm_rows_per_task((r->ow * taken + r->w) * r->c);
  mm_parallel((int)mm_div_up(loop.count, loop.rows_per_task), task, &loop);
}
