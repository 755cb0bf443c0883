// Sampling an image at the points of a grid.
#include "gridsample_taps.h"
#include "math_flat.h"
#include "mm_pool.h"

struct forward_loop {
  const mm_grid_sample *s;
  long points, points_per_task;
  const float *x, *grid;
  float *y;
};

// The taps that lie in the image, as pixels with weights.
#define MIX(type, blocks, load, store)                                                                       \
  do {                                                                                                       \
    type sum[blocks];                                                                                        \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) sum[b] = (type){} + base;                                 \
    for (int t = 0; t < count; t++)                                                                          \
      _Pragma("unroll") for (int b = 0; b < blocks; b++) sum[b] += load(from[t] + k + 16 * b) * weight[t];   \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) store(y + k + 16 * b, sum[b]);                        \
  } while (0)
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))

MM_CLONES static void mix(int count, const float *const *from, const float *weight, float base, long c, float *y) {
  long k = 0;
  for (; k + 64 <= c; k += 64) MIX(mm_v16, 4, MM_LOAD16, MM_STORE16);
  for (; k + 16 <= c; k += 16) MIX(mm_v16, 1, MM_LOAD16, MM_STORE16);
  if (k < c && c >= 16) {  // the last block overlaps the one before
    k = c - 16;
    MIX(mm_v16, 1, MM_LOAD16, MM_STORE16);
    k = c;
  }
  for (; k < c; k++) MIX(float, 1, LOAD, STORE);
}

static void task(void *context, int task, int worker) {
  (void)worker;
  const struct forward_loop *loop = context;
  const mm_grid_sample *s = loop->s;
  const long first = task * loop->points_per_task, end = mm_min_long(loop->points, first + loop->points_per_task);
  mm_grid_taps taps;
  for (long p = first; p < end; p++) {
    const float *x = loop->x + p / (s->oh * s->ow) * s->h * s->w * s->c, *from[16];
    float weight[16], base = 0;  // not a number if a tap outside of the image has such a weight
    int count = 0;
    mm_grid_taps_at(s, loop->grid + 2 * p, &taps);
    for (int t = 0; t < taps.taps; t++) {
      if (taps.place[t] < 0) {
        base += 0.0f * taps.weight[t];
        continue;
      }
      from[count] = x + taps.place[t] * s->c;
      weight[count++] = taps.weight[t];
    }
    mix(count, from, weight, base, s->c, loop->y + p * s->c);
  }
}

void mm_grid_sample_forward(const mm_grid_sample *s, const float *x, const float *grid, float *y) {
  const long points = s->n * s->oh * s->ow;
  if (points * s->c == 0) return;
  struct forward_loop loop = {s, points, mm_rows_per_task(s->c + 64), x, grid, y};
  mm_parallel((int)mm_div_up(points, loop.points_per_task), task, &loop);
}
