// grid_sample over NHWC data. The gradient of the image is split by images and channels, so that no two tasks write the
// same element; that of the grid by rows.
#include <string.h>

#include "gridsample_taps.h"
#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"
#include "reduce_inline.h"

enum { STRIP = 64 };

struct sampling {
  const mm_grid_sample *s;
  const float *x, *grid, *dy;
  float *y, *dx, *dgrid;
  long points, total;  // points of a task, and of all images
};

MM_CLONES static void combine(const mm_sample_taps *t, long c, const float *image, float *y) {
  for (long k = 0; k < c; k++) y[k] = 0;
  for (int i = 0; i < t->count; i++) {
    const float *p = image + t->pixel[i] * c, w = t->weight[i];
    MM_LOOP for (long k = 0; k < c; k++) y[k] += w * p[k];
  }
}
MM_CLONES static void spread(const mm_sample_taps *t, long c, long width, const float *dy, float *image) {
  for (int i = 0; i < t->count; i++) {
    float *p = image + t->pixel[i] * c;
    const float w = t->weight[i];
    MM_LOOP for (long k = 0; k < width; k++) p[k] += w * dy[k];
  }
}
#define PRODUCT16(i) (MM_LOAD16(p + (i)) * MM_LOAD16(g + (i)))
#define PRODUCT1(i) (p[i] * g[i])
MM_CLONES static void slopes(const mm_sample_taps *t, long c, const float *image, const float *g, float *dgrid) {
  double by_x = 0, by_y = 0;
  for (int i = 0; i < t->count; i++) {
    const float *p = image + t->pixel[i] * c;
    double dot = 0;
    MM_BLOCK_SUM(dot, c, PRODUCT16, PRODUCT1);
    by_x += dot * (double)t->by_x[i];
    by_y += dot * (double)t->by_y[i];
  }
  dgrid[0] = (float)by_x;
  dgrid[1] = (float)by_y;
}

static void points_task(void *context, int task, int worker) {
  (void)worker;
  const struct sampling *q = context;
  const mm_grid_sample *s = q->s;
  mm_sample_taps t;
  long start = task * q->points, end = mm_min_long(start + q->points, q->total), per_image = s->oh * s->ow;
  for (long k = start; k < end; k++) {
    const float *image = q->x + k / per_image * s->h * s->w * s->c;
    mm_sample_taps_at(s, q->grid[2 * k], q->grid[2 * k + 1], &t);
    if (q->dgrid) {
      slopes(&t, s->c, image, q->dy + k * s->c, q->dgrid + 2 * k);
    } else {
      combine(&t, s->c, image, q->y + k * s->c);
    }
  }
}

static void image_task(void *context, int task, int worker) {
  (void)worker;
  const struct sampling *q = context;
  const mm_grid_sample *s = q->s;
  mm_sample_taps t;
  long strips = mm_div_up(s->c, STRIP), n = task / strips, c0 = task % strips * STRIP;
  long width = mm_min_long(STRIP, s->c - c0), per_image = s->oh * s->ow;
  float *image = q->dx + n * s->h * s->w * s->c + c0;
  for (long i = 0; i < s->h * s->w; i++) memset(image + i * s->c, 0, (size_t)width * sizeof(float));
  for (long k = n * per_image; k < (n + 1) * per_image; k++) {
    mm_sample_taps_at(s, q->grid[2 * k], q->grid[2 * k + 1], &t);
    spread(&t, s->c, width, q->dy + k * s->c + c0, image);
  }
}

static void run_points(struct sampling *q) {
  const mm_grid_sample *s = q->s;
  q->total = s->n * s->oh * s->ow;
  q->points = mm_rows_per_task(4 * s->c);
  if (q->total > 0) mm_parallel((int)mm_div_up(q->total, q->points), points_task, q);
}

void mm_grid_sample_forward(const mm_grid_sample *s, const float *x, const float *grid, float *y) {
  struct sampling q = {.s = s, .x = x, .grid = grid, .y = y};
  run_points(&q);
}

void mm_grid_sample_backward(const mm_grid_sample *s, const float *x, const float *grid, const float *dy, float *dx,
                             float *dgrid) {
  struct sampling q = {.s = s, .x = x, .grid = grid, .dy = dy, .dx = dx};
  if (dx) mm_parallel((int)(s->n * mm_div_up(s->c, STRIP)), image_task, &q);
  q.dgrid = dgrid;
  if (dgrid) run_points(&q);
}
