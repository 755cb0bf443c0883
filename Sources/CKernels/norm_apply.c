// The element-by-element halves of norm_columns.h.
#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"
#include "norm_columns.h"

MM_INLINE float activate(float v, mm_norm_activation act) {
  if (act == MM_NORM_LINEAR) return v;
  v = mm_at_least(v, 0.0f);
  return act == MM_NORM_RELU6 ? mm_at_most(v, 6.0f) : v;
}
MM_INLINE float passed(float g, float y, mm_norm_activation act) {
  return act == MM_NORM_LINEAR ? g : act == MM_NORM_RELU ? (y > 0.0f ? g : 0.0f) : y > 0.0f && y < 6.0f ? g : 0.0f;
}

MM_INLINE void apply_of(long rows, long c, const float *x, const float *scale, const float *shift,
                        const float *residual, const int adds, const mm_norm_activation act, float *y) {
  for (long r = 0; r < rows; r++) {
    const float *p = x + r * c, *z = adds ? residual + r * c : NULL;
    float *q = y + r * c;
    MM_LOOP for (long k = 0; k < c; k++) {
      const float v = p[k] * scale[k] + shift[k];
      q[k] = activate(adds ? v + z[k] : v, act);
    }
  }
}

MM_CLONES static void apply(long rows, long c, const float *x, const float *scale, const float *shift,
                            const float *residual, mm_norm_activation act, float *y) {
  const int adds = residual != NULL;
  if (act == MM_NORM_LINEAR && !adds) apply_of(rows, c, x, scale, shift, residual, 0, MM_NORM_LINEAR, y);
  if (act == MM_NORM_LINEAR && adds) apply_of(rows, c, x, scale, shift, residual, 1, MM_NORM_LINEAR, y);
  if (act == MM_NORM_RELU && !adds) apply_of(rows, c, x, scale, shift, residual, 0, MM_NORM_RELU, y);
  if (act == MM_NORM_RELU && adds) apply_of(rows, c, x, scale, shift, residual, 1, MM_NORM_RELU, y);
  if (act == MM_NORM_RELU6 && !adds) apply_of(rows, c, x, scale, shift, residual, 0, MM_NORM_RELU6, y);
  if (act == MM_NORM_RELU6 && adds) apply_of(rows, c, x, scale, shift, residual, 1, MM_NORM_RELU6, y);
}

MM_INLINE void gradient_of(long rows, long c, const float *x, const float *dy, const float *y,
                           const mm_norm_activation act, const float *mean, const float *a, const float *b,
                           const float *d, const int full, float *dx) {
  for (long r = 0; r < rows; r++) {
    const float *p = x + r * c, *g = dy + r * c, *v = act == MM_NORM_LINEAR ? g : y + r * c;
    float *q = dx + r * c;
    MM_LOOP for (long k = 0; k < c; k++) {
      const float m = a[k] * passed(g[k], v[k], act);
      q[k] = full ? m + (b[k] * (p[k] - mean[k]) + d[k]) : m;
    }
  }
}

MM_CLONES static void gradient(long rows, long c, const float *x, const float *dy, const float *y,
                               mm_norm_activation act, const float *mean, const float *a, const float *b,
                               const float *d, float *dx) {
  const int full = b != NULL;
  if (act == MM_NORM_LINEAR && !full) gradient_of(rows, c, x, dy, y, MM_NORM_LINEAR, mean, a, b, d, 0, dx);
  if (act == MM_NORM_LINEAR && full) gradient_of(rows, c, x, dy, y, MM_NORM_LINEAR, mean, a, b, d, 1, dx);
  if (act == MM_NORM_RELU && !full) gradient_of(rows, c, x, dy, y, MM_NORM_RELU, mean, a, b, d, 0, dx);
  if (act == MM_NORM_RELU && full) gradient_of(rows, c, x, dy, y, MM_NORM_RELU, mean, a, b, d, 1, dx);
  if (act == MM_NORM_RELU6 && !full) gradient_of(rows, c, x, dy, y, MM_NORM_RELU6, mean, a, b, d, 0, dx);
  if (act == MM_NORM_RELU6 && full) gradient_of(rows, c, x, dy, y, MM_NORM_RELU6, mean, a, b, d, 1, dx);
}

struct apply_loop {
  long rows, c, parts, part_rows;
  mm_norm_activation activation;
  const float *x, *scale, *shift, *residual;  // forward
  const float *dy, *y, *mean, *a, *b, *d;     // backward
  float *to;
};

static void apply_task(void *context, int task, int worker) {
  (void)worker;
  const struct apply_loop *s = context;
  long image = task / s->parts, r0 = task % s->parts * s->part_rows, at = (image * s->rows + r0) * s->c;
  long rows = mm_min_long(s->part_rows, s->rows - r0), k = image * s->c;
  if (s->dy) {
    gradient(rows, s->c, s->x + at, s->dy + at, s->y ? s->y + at : NULL, s->activation, s->mean + k, s->a + k,
             s->b ? s->b + k : NULL, s->d ? s->d + k : NULL, s->to + at);
  } else {
    apply(rows, s->c, s->x + at, s->scale + k, s->shift + k, s->residual ? s->residual + at : NULL, s->activation,
          s->to + at);
  }
}

static void run(long images, struct apply_loop *s) {
  if (images <= 0 || s->rows <= 0 || s->c <= 0) return;
  s->part_rows = mm_rows_per_task(s->c);
  s->parts = mm_div_up(s->rows, s->part_rows);
  mm_parallel((int)(images * s->parts), apply_task, s);
}

void mm_column_apply(long images, long rows, long c, const float *x, const float *scale, const float *shift,
                     const float *residual, mm_norm_activation activation, float *y) {
  struct apply_loop s = {.rows = rows, .c = c, .activation = activation, .x = x, .scale = scale, .shift = shift};
  s.residual = residual;
  s.to = y;
  run(images, &s);
}

void mm_column_gradient(long images, long rows, long c, const float *x, const float *dy, const float *y,
                        mm_norm_activation activation, const float *mean, const float *a, const float *b,
                        const float *d, float *dx) {
  struct apply_loop s = {.rows = rows, .c = c, .activation = activation, .x = x, .dy = dy, .y = y, .mean = mean};
  s.a = a;
  s.b = b;
  s.d = d;
  s.to = dx;
  run(images, &s);
}
