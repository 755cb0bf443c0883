// Max pooling, plain and adaptive: the value, and the place it came from.
#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"
#include "pool2d_window.h"

typedef int32_t mm_i16 __attribute__((vector_size(64), aligned(4)));

struct max_loop {
  long h, w, c, oh, ow, rows, rows_per_task;  // rows: n oh
  mm_windows windows;
  const float *x;
  float *y;
  int32_t *index;
};

#define SELECT(mask, a, b) ((mm_v16)(((mask) & (mm_i16)(a)) | (~(mask) & (mm_i16)(b))))
#define SELECT_PLACE(mask, a, b) (((mask) & (a)) | (~(mask) & (b)))

// `blocks` times 16 channels of one window, held in registers. A later element wins if it is larger or not a number.
#define WINDOW(blocks, wants_index)                                                                          \
  do {                                                                                                       \
    mm_v16 best[blocks];                                                                                     \
    mm_i16 place[blocks];                                                                                    \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) {                                                     \
      best[b] = (mm_v16){} - INFINITY;                                                                       \
      place[b] = (mm_i16){} + (int32_t)(row.begin * w + column.begin);                                       \
    }                                                                                                        \
    for (long iy = row.begin; iy < row.end; iy += row_step)                                                  \
      for (long ix = column.begin; ix < column.end; ix += column_step) {                                     \
        const float *px = x + (iy * w + ix) * c + k;                                                         \
        const mm_i16 here = (mm_i16){} + (int32_t)(iy * w + ix);                                             \
        _Pragma("unroll") for (int b = 0; b < blocks; b++) {                                                 \
          const mm_v16 v = MM_LOAD16(px + 16 * b);                                                           \
          const mm_i16 wins = (v > best[b]) | (v != v);                                                      \
          best[b] = SELECT(wins, v, best[b]);                                                                \
          if (wants_index) place[b] = SELECT_PLACE(wins, here, place[b]);                                    \
        }                                                                                                    \
      }                                                                                                      \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) {                                                     \
      MM_STORE16(y + k + 16 * b, best[b]);                                                                   \
      if (wants_index) *(mm_i16 *)(index + k + 16 * b) = place[b];                                           \
    }                                                                                                        \
  } while (0)

MM_INLINE void pixel(const float *x, float *y, int32_t *index, mm_window row, mm_window column, long row_step,
                     long column_step, long w, long c, int wants_index) {
  if (c < 16) {
    for (long k = 0; k < c; k++) {
      float best = -INFINITY;
      int32_t place = (int32_t)(row.begin * w + column.begin);
      for (long iy = row.begin; iy < row.end; iy += row_step)
        for (long ix = column.begin; ix < column.end; ix += column_step) {
          const float v = x[(iy * w + ix) * c + k];
          if (v > best || v != v) {
            best = v;
            place = (int32_t)(iy * w + ix);
          }
        }
      y[k] = best;
      if (wants_index) index[k] = place;
    }
    return;
  }
  long k = 0;
  for (; k + 64 <= c; k += 64) WINDOW(4, wants_index);
  for (; k + 16 <= c; k += 16) WINDOW(1, wants_index);
  if (k < c) {  // the last block overlaps the one before
    k = c - 16;
    WINDOW(1, wants_index);
  }
}

MM_CLONES static void rows(const struct max_loop *loop, long first, long end) {
  const long w = loop->w, c = loop->c, ow = loop->ow;
  const long row_step = loop->windows.row_step, column_step = loop->windows.column_step;
  for (long r = first; r < end; r++) {
    const mm_window row = loop->windows.rows[r % loop->oh];
    const float *x = loop->x + r / loop->oh * loop->h * w * c;
    float *y = loop->y + r * ow * c;
    if (loop->index) {
      int32_t *index = loop->index + r * ow * c;
      for (long ox = 0; ox < ow; ox++)
        pixel(x, y + ox * c, index + ox * c, row, loop->windows.columns[ox], row_step, column_step, w, c, 1);
    } else {
      for (long ox = 0; ox < ow; ox++)
        pixel(x, y + ox * c, 0, row, loop->windows.columns[ox], row_step, column_step, w, c, 0);
    }
  }
}

static void task(void *context, int task, int worker) {
  (void)worker;
  const struct max_loop *loop = context;
  long first = task * loop->rows_per_task;
  rows(loop, first, mm_min_long(loop->rows, first + loop->rows_per_task));
}

static void run(struct max_loop *loop, long n, long window) {
  loop->rows = n * loop->oh;
  if (loop->rows * loop->ow * loop->c == 0) return;
  loop->rows_per_task = mm_rows_per_task(loop->ow * loop->c * mm_max_long(window / 4, 1));
  mm_parallel((int)mm_div_up(loop->rows, loop->rows_per_task), task, loop);
}

void mm_max_pool2d_forward(const mm_pool2d *p, const float *x, float *y, int32_t *index) {
  struct max_loop loop = {p->h, p->w, p->c, p->oh, p->ow, .x = x, .y = y, .index = index};
  loop.windows = mm_pool2d_windows(p);
  run(&loop, p->n, (long)p->kh * p->kw);
}

void mm_adaptive_max_pool2d_forward(long n, long h, long w, long c, long oh, long ow, const float *x, float *y,
                                    int32_t *index) {
  if (n * oh * ow * c == 0) return;
  struct max_loop loop = {h, w, c, oh, ow, .x = x, .y = y, .index = index};
  loop.windows = mm_adaptive_windows(h, w, oh, ow);
  run(&loop, n, mm_div_up(h, oh) * mm_div_up(w, ow));
}
