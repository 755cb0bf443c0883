// Resizing of NHWC images, and its gradient, which gathers: a task owns rows of dx.
#include <string.h>

#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"
#include "resize_axis.h"

struct resize {
  long h, w, c, oh, ow, rows, total;  // `rows` rows a task of `total`
  const mm_resize_axis *y, *x;
  const float *from;
  float *to;
};

// Two rows and two columns: one pass over the output.
MM_CLONES static void bilinear_row(const struct resize *s, const float *top, const float *bottom, float wt, float wb,
                                   float *out) {
  const long c = s->c;
  for (long o = 0; o < s->ow; o++, out += c) {
    const long *i = s->x->index + 2 * o;
    const float *w = s->x->weight + 2 * o;
    const float a = wt * w[0], b = wt * w[1], d = wb * w[0], e = wb * w[1];
    const float *p = top + i[0] * c, *q = top + i[1] * c, *u = bottom + i[0] * c, *v = bottom + i[1] * c;
    MM_LOOP for (long k = 0; k < c; k++) out[k] = a * p[k] + b * q[k] + d * u[k] + e * v[k];
  }
}

// Four rows into one, then four columns of that.
MM_CLONES static void bicubic_row(const struct resize *s, const float *image, const long *iy, const float *wy,
                                  float *blend, float *out) {
  const long c = s->c, n = s->w * c;
  const float *r0 = image + iy[0] * n, *r1 = image + iy[1] * n, *r2 = image + iy[2] * n, *r3 = image + iy[3] * n;
  const float w0 = wy[0], w1 = wy[1], w2 = wy[2], w3 = wy[3];
  MM_LOOP for (long k = 0; k < n; k++) blend[k] = w0 * r0[k] + w1 * r1[k] + w2 * r2[k] + w3 * r3[k];
  for (long o = 0; o < s->ow; o++, out += c) {
    const long *i = s->x->index + 4 * o;
    const float *w = s->x->weight + 4 * o;
    const float *p0 = blend + i[0] * c, *p1 = blend + i[1] * c, *p2 = blend + i[2] * c, *p3 = blend + i[3] * c;
    MM_LOOP for (long k = 0; k < c; k++) out[k] = w[0] * p0[k] + w[1] * p1[k] + w[2] * p2[k] + w[3] * p3[k];
  }
}

static void forward_task(void *context, int task, int worker) {
  (void)worker;
  const struct resize *s = context;
  long start = task * s->rows, end = mm_min_long(start + s->rows, s->total), row = s->w * s->c;
  for (long r = start; r < end; r++) {
    long o = r % s->oh;
    const float *image = s->from + r / s->oh * s->h * row;
    float *out = s->to + r * s->ow * s->c;
    const long *iy = s->y->index + o * s->y->taps;
    const float *wy = s->y->weight + o * s->y->taps;
    switch (s->y->taps) {
      case 4: bicubic_row(s, image, iy, wy, mm_scratch(7, (size_t)row * sizeof(float)), out); break;
      case 2: bilinear_row(s, image + iy[0] * row, image + iy[1] * row, wy[0], wy[1], out); break;
      default:
        for (long k = 0; k < s->ow; k++)
          memcpy(out + k * s->c, image + iy[0] * row + s->x->index[k] * s->c, (size_t)s->c * sizeof(float));
    }
  }
}

MM_CLONES static void add_scaled(long n, float a, const float *x, float *y) {
  MM_LOOP for (long i = 0; i < n; i++) y[i] += a * x[i];
}
MM_CLONES static void spread_row(const struct resize *s, const float *blend, float *dx) {
  const long c = s->c;
  const int taps = s->x->taps;
  for (long o = 0; o < s->ow; o++)
    for (int t = 0; t < taps; t++) {
      const float w = s->x->weight[o * taps + t], *p = blend + o * c;
      float *q = dx + s->x->index[o * taps + t] * c;
      if (w != 0) MM_LOOP for (long k = 0; k < c; k++) q[k] += w * p[k];
    }
}

// A row of dx: the rows of dy that read it, weighted and summed, then spread over its columns.
static void backward_task(void *context, int task, int worker) {
  (void)worker;
  const struct resize *s = context;
  long start = task * s->rows, end = mm_min_long(start + s->rows, s->total), row = s->ow * s->c;
  float *blend = mm_scratch(7, (size_t)row * sizeof(float));
  const mm_resize_axis *y = s->y;
  for (long r = start; r < end; r++) {
    long i = r % s->h;
    const float *dy = s->from + r / s->h * s->oh * row;
    memset(blend, 0, (size_t)row * sizeof(float));
    memset(s->to + r * s->w * s->c, 0, (size_t)(s->w * s->c) * sizeof(float));
    for (long o = y->first[i]; o < y->last[i]; o++) {
      float w = 0;
      for (int t = 0; t < y->taps; t++)
        if (y->index[o * y->taps + t] == i) w += y->weight[o * y->taps + t];
      if (w != 0) add_scaled(row, w, dy + o * row, blend);
    }
    spread_row(s, blend, s->to + r * s->w * s->c);
  }
}

static void run(const mm_resize *r, int backward, const float *from, float *to) {
  if (r->n <= 0 || r->c <= 0 || r->h <= 0 || r->w <= 0 || r->oh <= 0 || r->ow <= 0) return;
  mm_resize_axis y = mm_resize_axis_make(r->mode, r->align_corners, r->h, r->oh, r->scale_h);
  mm_resize_axis x = mm_resize_axis_make(r->mode, r->align_corners, r->w, r->ow, r->scale_w);
  struct resize s = {.h = r->h, .w = r->w, .c = r->c, .oh = r->oh, .ow = r->ow, .y = &y, .x = &x};
  s.from = from;
  s.to = to;
  s.total = r->n * (backward ? r->h : r->oh);
  s.rows = mm_rows_per_task(mm_max_long(r->w, r->ow) * r->c);
  mm_parallel((int)mm_div_up(s.total, s.rows), backward ? backward_task : forward_task, &s);
  mm_resize_axis_free(&y);
  mm_resize_axis_free(&x);
}

void mm_resize_forward(const mm_resize *r, const float *x, float *y) { run(r, 0, x, y); }
void mm_resize_backward(const mm_resize *r, const float *dy, float *dx) { run(r, 1, dy, dx); }
