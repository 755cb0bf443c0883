// CARAFE: content-aware reassembly of features, forward and both gradients.
#include "mm_carafe.h"

#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"

struct carafe_loop {
  const mm_carafe *s;
  const float *x, *kernels, *dy;
  float *y, *dx, *dkernels;
};

MM_CLONES static void add_product(long n, float a, const float *from, float *to) {
  MM_LOOP for (long i = 0; i < n; i++) to[i] += a * from[i];
}

MM_CLONES static float inner_product(long n, const float *a, const float *b) {
  mm_v16 lanes = {};
  long i = 0;
  for (; i + 16 <= n; i += 16) lanes += MM_LOAD16(a + i) * MM_LOAD16(b + i);
  float sum = 0;
  MM_SUM16(sum, lanes);
  for (; i < n; i++) sum += a[i] * b[i];
  return sum;
}

// One row of outputs.
static void forward_row(void *context, int task, int worker) {
  (void)worker;
  const struct carafe_loop *loop = context;
  const mm_carafe *s = loop->s;
  const long oh = s->h * s->factor, ow = s->w * s->factor, taps = s->size * s->size, part = s->c / s->groups;
  const long image = task / oh, row = task % oh / s->factor, reach = (s->size - 1) / 2;
  const float *x = loop->x + image * s->h * s->w * s->c;
  for (long ox = 0; ox < ow; ox++) {
    const long at = (long)task * ow + ox, column = ox / s->factor;
    const float *kernel = loop->kernels + at * s->groups * taps;
    float *y = loop->y + at * s->c;
    memset(y, 0, (size_t)s->c * sizeof *y);
    for (long t = 0; t < taps; t++) {
      const long iy = row + t / s->size - reach, ix = column + t % s->size - reach;
      if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w) continue;
      for (long g = 0; g < s->groups; g++)
        add_product(part, kernel[g * taps + t], x + (iy * s->w + ix) * s->c + g * part, y + g * part);
    }
  }
}

// The gradient of one row of sources: each gathers from the outputs whose neighbourhood it is in.
static void source_row(void *context, int task, int worker) {
  (void)worker;
  const struct carafe_loop *loop = context;
  const mm_carafe *s = loop->s;
  const long oh = s->h * s->factor, ow = s->w * s->factor, taps = s->size * s->size, part = s->c / s->groups;
  const long image = task / s->h, iy = task % s->h, reach = (s->size - 1) / 2;
  for (long ix = 0; ix < s->w; ix++) {
    float *dx = loop->dx + ((long)task * s->w + ix) * s->c;
    memset(dx, 0, (size_t)s->c * sizeof *dx);
    for (long t = 0; t < taps; t++) {
      const long row = iy - (t / s->size - reach), column = ix - (t % s->size - reach);
      if (row < 0 || row >= s->h || column < 0 || column >= s->w) continue;
      for (long o = 0; o < s->factor * s->factor; o++) {
        const long oy = row * s->factor + o / s->factor, ox = column * s->factor + o % s->factor;
        const long at = (image * oh + oy) * ow + ox;
        for (long g = 0; g < s->groups; g++)
          add_product(part, loop->kernels[(at * s->groups + g) * taps + t], loop->dy + at * s->c + g * part, dx + g * part);
      }
    }
  }
}

// The gradient of the kernels of one row of outputs.
static void kernel_row(void *context, int task, int worker) {
  (void)worker;
  const struct carafe_loop *loop = context;
  const mm_carafe *s = loop->s;
  const long oh = s->h * s->factor, ow = s->w * s->factor, taps = s->size * s->size, part = s->c / s->groups;
  const long image = task / oh, row = task % oh / s->factor, reach = (s->size - 1) / 2;
  const float *x = loop->x + image * s->h * s->w * s->c;
  for (long ox = 0; ox < ow; ox++) {
    const long at = (long)task * ow + ox, column = ox / s->factor;
    for (long g = 0; g < s->groups; g++)
      for (long t = 0; t < taps; t++) {
        const long iy = row + t / s->size - reach, ix = column + t % s->size - reach;
        const int inside = iy >= 0 && iy < s->h && ix >= 0 && ix < s->w;
        loop->dkernels[(at * s->groups + g) * taps + t] =
            inside ? inner_product(part, x + (iy * s->w + ix) * s->c + g * part, loop->dy + at * s->c + g * part) : 0;
      }
  }
}

void mm_carafe_forward(const mm_carafe *s, const float *x, const float *kernels, float *y) {
  struct carafe_loop loop = {.s = s, .x = x, .kernels = kernels, .y = y};
  mm_parallel((int)(s->n * s->h * s->factor), forward_row, &loop);
}

void mm_carafe_backward(
    const mm_carafe *s, const float *x, const float *kernels, const float *dy, float *dx, float *dkernels) {
  struct carafe_loop loop = {.s = s, .x = x, .kernels = kernels, .dy = dy, .dx = dx, .dkernels = dkernels};
  if (dx) mm_parallel((int)(s->n * s->h), source_row, &loop);
  if (dkernels) mm_parallel((int)(s->n * s->h * s->factor), kernel_row, &loop);
}
