// Gradients of sampling: by the image, and by the grid.
#include "gridsample_taps.h"
#include "math_flat.h"
#include "mm_pool.h"

enum { LANES = 32 };  // channels a task: whole cache lines, so that tasks do not share them

struct backward_loop {
  const mm_grid_sample *s;
  long blocks, points, points_per_task;
  const float *x, *grid, *dy;
  float *dx, *dgrid;
};

MM_CLONES static void add_scaled(long n, float a, const float *from, float *to) {
  MM_LOOP for (long i = 0; i < n; i++) to[i] += a * from[i];
}

// One block of channels of one image takes the gradients of all points in their order.
static void image_task(void *context, int task, int worker) {
  (void)worker;
  const struct backward_loop *loop = context;
  const mm_grid_sample *s = loop->s;
  const long c = s->c, image = task / loop->blocks, first = task % loop->blocks * LANES;
  const long lanes = mm_min_long(LANES, c - first), out = s->oh * s->ow;
  float *dx = loop->dx + image * s->h * s->w * c + first;
  for (long i = 0; i < s->h * s->w; i++) memset(dx + i * c, 0, (size_t)lanes * sizeof *dx);
  mm_grid_taps taps;
  for (long p = image * out; p < (image + 1) * out; p++) {
    mm_grid_taps_at(s, loop->grid + 2 * p, &taps);
    for (int t = 0; t < taps.taps; t++)
      if (taps.place[t] >= 0) add_scaled(lanes, taps.weight[t], loop->dy + p * c + first, dx + taps.place[t] * c);
  }
}

MM_CLONES static float dot(long n, const float *a, const float *b) {
  mm_v16 lanes = {};
  long i = 0;
  for (; i + 16 <= n; i += 16) lanes += MM_LOAD16(a + i) * MM_LOAD16(b + i);
  float sum = 0;
  MM_SUM16(sum, lanes);
  for (; i < n; i++) sum += a[i] * b[i];
  return sum;
}

static void grid_task(void *context, int task, int worker) {
  (void)worker;
  const struct backward_loop *loop = context;
  const mm_grid_sample *s = loop->s;
  const long first = task * loop->points_per_task, end = mm_min_long(loop->points, first + loop->points_per_task);
  mm_grid_taps taps;
  for (long p = first; p < end; p++) {
    const float *x = loop->x + p / (s->oh * s->ow) * s->h * s->w * s->c;
    float along_x = 0, along_y = 0;
    mm_grid_taps_at(s, loop->grid + 2 * p, &taps);
    for (int t = 0; t < taps.taps; t++) {
      const float d = taps.place[t] < 0 ? 0 : dot(s->c, x + taps.place[t] * s->c, loop->dy + p * s->c);
      along_x += d * taps.along_x[t];
      along_y += d * taps.along_y[t];
    }
    const int moves = s->mode != MM_SAMPLE_NEAREST;
    loop->dgrid[2 * p] = moves ? along_x : 0;
    loop->dgrid[2 * p + 1] = moves ? along_y : 0;
  }
}

void mm_grid_sample_backward(const mm_grid_sample *s, const float *x, const float *grid, const float *dy, float *dx,
                             float *dgrid) {
  const long points = s->n * s->oh * s->ow;
  struct backward_loop loop = {s, mm_div_up(s->c, LANES), points, mm_rows_per_task(s->c + 64), x, grid, dy, dx, dgrid};
  if (dx && s->n * s->h * s->w * s->c > 0) mm_parallel((int)(s->n * loop.blocks), image_task, &loop);
  if (dgrid && points > 0) mm_parallel((int)mm_div_up(points, loop.points_per_task), grid_task, &loop);
}
