// Gradient of max pooling: adds each output's gradient at the place that was kept.
#include <string.h>

#include "math_flat.h"
#include "mm_pool.h"
#include "mm_pool2d.h"

enum { LANES = 32 };  // channels a task: whole cache lines, so that tasks do not share them

struct scatter_loop {
  long in, out, c, blocks;  // pixels of an input and an output plane
  const float *dy;
  const int32_t *index;
  float *dx;
};

// One block of channels of one image, in the order of the outputs.
static void task(void *context, int task, int worker) {
  (void)worker;
  const struct scatter_loop *loop = context;
  const long c = loop->c, image = task / loop->blocks, first = task % loop->blocks * LANES;
  const long lanes = mm_min_long(LANES, c - first);
  const float *dy = loop->dy + image * loop->out * c + first;
  const int32_t *index = loop->index + image * loop->out * c + first;
  float *dx = loop->dx + image * loop->in * c + first;
  for (long i = 0; i < loop->in; i++) memset(dx + i * c, 0, (size_t)lanes * sizeof *dx);
  for (long o = 0; o < loop->out; o++)
    for (long k = 0; k < lanes; k++) dx[index[o * c + k] * c + k] += dy[o * c + k];
}

void mm_max_pool2d_backward(const mm_pool2d *p, const float *dy, const int32_t *index, float *dx) {
  if (p->n * p->h * p->w * p->c == 0) return;
  struct scatter_loop loop = {p->h * p->w, p->oh * p->ow, p->c, mm_div_up(p->c, LANES), dy, index, dx};
  mm_parallel((int)(p->n * loop.blocks), task, &loop);
}
