// Pixel shuffles, unfold and fold.
#include <string.h>

#include "math_flat.h"
#include "math_inline.h"
#include "mm_layout.h"
#include "mm_pool.h"

// Channel k r r + i r + j at (y, x) is channel k at (y r + i, x r + j).
void mm_pixel_shuffle(long n, long h, long w, long c, long r, const float *x, float *y) {
  long shape[6] = {n, h, r, w, r, c};
  long from[6] = {h * w * c * r * r, w * c * r * r, r, c * r * r, 1, r * r};
  long to[6] = {h * r * w * r * c, r * w * r * c, w * r * c, r * c, c, 1};
  mm_strided_copy(4, 6, shape, from, x, to, y);
}

// The inverse: `h`, `w` and `c` are still those of the shuffle's input and output channels.
void mm_pixel_unshuffle(long n, long h, long w, long c, long r, const float *x, float *y) {
  long shape[6] = {n, h, r, w, r, c};
  long to[6] = {h * w * c * r * r, w * c * r * r, r, c * r * r, 1, r * r};
  long from[6] = {h * r * w * r * c, r * w * r * c, w * r * c, r * c, c, 1};
  mm_strided_copy(4, 6, shape, from, x, to, y);
}

long mm_unfold_extent(long size, int kernel, int stride, int pad, int dilation) {
  long reach = size + 2L * pad - (long)dilation * (kernel - 1) - 1;
  return reach < 0 ? 0 : reach / stride + 1;
}

struct unfold {
  const mm_unfold2d *p;
  long oh, ow;
  const float *from;
  float *to;
};

// One channel of one image: kh kw rows of l values.
static void unfold_task(void *context, int task, int worker) {
  (void)worker;
  const struct unfold *s = context;
  const mm_unfold2d *p = s->p;
  long n = task / p->c, c = task % p->c, taps = (long)p->kh * p->kw;
  const float *x = s->from + n * p->h * p->w * p->c + c;
  float *y = s->to + task * taps * s->oh * s->ow;
  for (int ky = 0; ky < p->kh; ky++)
    for (int kx = 0; kx < p->kw; kx++)
      for (long oy = 0; oy < s->oh; oy++) {
        long iy = oy * p->sh - p->ph + (long)ky * p->dh;
        for (long ox = 0; ox < s->ow; ox++) {
          long ix = ox * p->sw - p->pw + (long)kx * p->dw;
          *y++ = iy < 0 || iy >= p->h || ix < 0 || ix >= p->w ? 0.0f : x[(iy * p->w + ix) * p->c];
        }
      }
}

static void fold_task(void *context, int task, int worker) {
  (void)worker;
  const struct unfold *s = context;
  const mm_unfold2d *p = s->p;
  long n = task / p->c, c = task % p->c, taps = (long)p->kh * p->kw;
  float *x = s->to + n * p->h * p->w * p->c + c;
  const float *y = s->from + task * taps * s->oh * s->ow;
  for (long i = 0; i < p->h * p->w; i++) x[i * p->c] = 0;
  for (int ky = 0; ky < p->kh; ky++)
    for (int kx = 0; kx < p->kw; kx++)
      for (long oy = 0; oy < s->oh; oy++) {
        long iy = oy * p->sh - p->ph + (long)ky * p->dh;
        for (long ox = 0; ox < s->ow; ox++, y++) {
          long ix = ox * p->sw - p->pw + (long)kx * p->dw;
          if (iy >= 0 && iy < p->h && ix >= 0 && ix < p->w) x[(iy * p->w + ix) * p->c] += *y;
        }
      }
}

static struct unfold prepare(const mm_unfold2d *p, const float *from, float *to) {
  return (struct unfold){p, mm_unfold_extent(p->h, p->kh, p->sh, p->ph, p->dh),
                         mm_unfold_extent(p->w, p->kw, p->sw, p->pw, p->dw), from, to};
}
void mm_unfold(const mm_unfold2d *p, const float *x, float *y) {
  struct unfold s = prepare(p, x, y);
  mm_parallel((int)(p->n * p->c), unfold_task, &s);
}
void mm_fold(const mm_unfold2d *p, const float *y, float *x) {
  struct unfold s = prepare(p, y, x);
  mm_parallel((int)(p->n * p->c), fold_task, &s);
}
