// Bilinear interpolation of which only the channel with the largest value is kept: a pixel's class from smaller scores.
#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"
#include "resize_taps.h"

struct largest_loop {
  const mm_resize *r;
  mm_taps rows, columns;
  long count, rows_per_task;  // rows of all images
  const float *x;
  uint8_t *y;
};

// The same numbers as mm_resize_forward: along each row first, then between the two rows.
#define MIXED(load, at)                                                                                      \
  ((load(row0 + column0 + (at)) * wx0 + load(row0 + column1 + (at)) * wx1) * wy0 +                           \
   (load(row1 + column0 + (at)) * wx0 + load(row1 + column1 + (at)) * wx1) * wy1)
#define LOAD(p) (*(p))

MM_CLONES static void largest_rows(const struct largest_loop *loop, long first, long end) {
  const mm_resize *r = loop->r;
  const long c = r->c;
  mm_i16 lanes;
  for (int l = 0; l < 16; l++) lanes[l] = l;
  uint8_t *y = loop->y + first * r->ow;
  for (long i = first; i < end; i++) {
    const float *x = loop->x + i / r->oh * r->h * r->w * c;
    const long *place = loop->rows.place + i % r->oh * 2;
    const float *row0 = x + place[0] * r->w * c, *row1 = x + place[1] * r->w * c;
    const float wy0 = loop->rows.weight[i % r->oh * 2], wy1 = loop->rows.weight[i % r->oh * 2 + 1];
    for (long ox = 0; ox < r->ow; ox++, y++) {
      const long column0 = loop->columns.place[ox * 2] * c, column1 = loop->columns.place[ox * 2 + 1] * c;
      const float wx0 = loop->columns.weight[ox * 2], wx1 = loop->columns.weight[ox * 2 + 1];
      float best = -INFINITY;
      int32_t at = 0;
      if (c < 16) {
        for (long k = 0; k < c; k++) {
          const float value = MIXED(LOAD, k);
          if (value > best) {
            best = value;
            at = (int32_t)k;
          }
        }
      } else {
        mm_v16 values = (mm_v16){0} - INFINITY;
        mm_i16 places = lanes;
        for (long k = 0; k < c; k += 16) {
          const long start = k + 16 <= c ? k : c - 16;  // the last block overlaps the one before
          const mm_v16 value = MIXED(MM_LOAD16, start);
          const mm_i16 wins = value > values;
          values = (mm_v16)((wins & (mm_i16)value) | (~wins & (mm_i16)values));
          places = (wins & (lanes + (int32_t)start)) | (~wins & places);
        }
        // The first of equals, as if channels were looked at in order.
        best = values[0];
        at = places[0];
        for (int l = 1; l < 16; l++)
          if (values[l] > best || (values[l] == best && places[l] < at)) {
            best = values[l];
            at = places[l];
          }
      }
      *y = (uint8_t)at;
    }
  }
}

static void task(void *context, int task, int worker) {
  (void)worker;
  const struct largest_loop *loop = context;
  const long first = task * loop->rows_per_task;
  largest_rows(loop, first, mm_min_long(loop->count, first + loop->rows_per_task));
}

void mm_resize_largest(const mm_resize *r, const float *x, uint8_t *y) {
  if (r->n * r->oh * r->ow * r->c == 0) return;
  struct largest_loop loop = {.r = r, .count = r->n * r->oh, .x = x, .y = y};
  mm_resize_taps(r, &loop.rows, &loop.columns);
  loop.rows_per_task = mm_rows_per_task(r->ow * r->c);
  mm_parallel((int)mm_div_up(loop.count, loop.rows_per_task), task, &loop);
}
