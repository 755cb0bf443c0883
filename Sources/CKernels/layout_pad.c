// Padding of NHWC images, and its gradient.
#include <stdlib.h>
#include <string.h>

#include "math_flat.h"
#include "math_inline.h"
#include "mm_layout.h"
#include "mm_pool.h"

// Where position `i` of an axis of `n` elements takes its value from, -1 for the constant.
static long source(mm_pad_mode mode, long i, long n) {
  if (i >= 0 && i < n) return i;
  switch (mode) {
    case MM_PAD_CONSTANT: return -1;
    case MM_PAD_REFLECT: return i < 0 ? -i : 2 * (n - 1) - i;
    case MM_PAD_REPLICATE: return i < 0 ? 0 : n - 1;
    case MM_PAD_CIRCULAR: return i < 0 ? i + n : i - n;
  }
  return -1;
}

struct pad {
  mm_pad_mode mode;
  long h, w, c, top, left, oh, ow;
  float value;
  const float *x;
  float *y;
};

static void pad_row(void *context, int task, int worker) {
  (void)worker;
  const struct pad *s = context;
  long c = s->c, n = task / s->oh, sy = source(s->mode, task % s->oh - s->top, s->h);
  float *y = s->y + task * s->ow * c;
  const float *x = s->x + (n * s->h + sy) * s->w * c;
  for (long i = 0; i < s->ow;) {
    long sx = sy < 0 ? -1 : source(s->mode, i - s->left, s->w), run = 1;
    if (sx >= 0 && sx == i - s->left) {
      run = mm_min_long(s->w - sx, s->ow - i);
      memcpy(y + i * c, x + sx * c, (size_t)(run * c) * sizeof *y);
    } else if (sx >= 0) {
      memcpy(y + i * c, x + sx * c, (size_t)c * sizeof *y);
    } else {
      for (long k = 0; k < c; k++) y[i * c + k] = s->value;
    }
    i += run;
  }
}

void mm_pad_forward(mm_pad_mode mode, long n, long h, long w, long c, long top, long bottom, long left, long right,
                    float value, const float *x, float *y) {
  struct pad s = {mode, h, w, c, top, left, top + h + bottom, left + w + right, value, x, y};
  if (s.oh <= 0 || s.ow <= 0 || n <= 0) return;
  mm_parallel((int)(n * s.oh), pad_row, &s);
}

// One row of dx: sums the rows of dy that came from it, in their order.
static void pad_row_backward(void *context, int task, int worker) {
  (void)worker;
  const struct pad *s = context;
  long c = s->c, n = task / s->h, row = task % s->h;
  float *dx = s->y + task * s->w * c;
  memset(dx, 0, (size_t)(s->w * c) * sizeof *dx);
  for (long oy = 0; oy < s->oh; oy++) {
    if (source(s->mode, oy - s->top, s->h) != row) continue;
    const float *dy = s->x + (n * s->oh + oy) * s->ow * c;
    for (long ox = 0; ox < s->ow; ox++) {
      long sx = source(s->mode, ox - s->left, s->w);
      if (sx < 0) continue;
      for (long k = 0; k < c; k++) dx[sx * c + k] += dy[ox * c + k];
    }
  }
}

void mm_pad_backward(mm_pad_mode mode, long n, long h, long w, long c, long top, long bottom, long left, long right,
                     const float *dy, float *dx) {
  struct pad s = {mode, h, w, c, top, left, top + h + bottom, left + w + right, 0, dy, dx};
  mm_parallel((int)(n * h), pad_row_backward, &s);
}
