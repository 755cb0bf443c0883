// Depthwise convolution: one input and one output channel a group.
#include "conv_internal.h"

#include <string.h>

size_t mm_depthwise_packed_floats(const mm_conv_shape *s) { return mm_padded(s->c) * s->kh * s->kw; }

// With stride 1 the gradient is itself a depthwise convolution, of dy with the kernel turned round.
static int turned(const mm_conv_shape *s) { return s->stride_h == 1 && s->stride_w == 1; }

void mm_depthwise_pack(const mm_conv_shape *s, int gradient, const float *weight, const float *scale, float *packed) {
  const int taps = s->kh * s->kw;
  const size_t padded = mm_padded(s->c);
  memset(packed, 0, mm_depthwise_packed_floats(s) * sizeof(float));
  for (int t = 0; t < taps; t++) {
    float *d = packed + (size_t)(gradient && turned(s) ? taps - 1 - t : t) * padded;
    for (int c = 0; c < s->c; c++) d[c] = weight[(size_t)c * taps + t] * (scale ? scale[c] : 1.0f);
  }
}

typedef struct {
  mm_depthwise d;
  const mm_kernels *kernels;
  int rows, rows_a_task;
} forward;

static void forward_task(void *context, int task, int worker) {
  (void)worker;
  const forward *f = context;
  const int last = mm_min(f->rows, (task + 1) * f->rows_a_task);
  for (int r = task * f->rows_a_task; r < last; r++)
    f->kernels->depthwise_row(&f->d, r / f->d.shape->oh, r % f->d.shape->oh);
}

void mm_depthwise_forward(
    const mm_conv_shape *s, const float *x, const float *packed, const float *bias, const float *residual,
    mm_activation act, float act_param, float *y) {
  forward f = {
    .d = {
      .shape = s, .x = x, .weight = packed, .bias = bias, .residual = residual, .act = act, .act_param = act_param,
      .y = y},
    .kernels = mm_kernels_current(), .rows = s->n * s->oh};
  f.rows_a_task = mm_max(1, f.rows / 32);
  mm_parallel(mm_ceil_div(f.rows, f.rows_a_task), forward_task, &f);
}

typedef struct {
  const mm_conv_shape *s;
  const mm_kernels *kernels;
  const float *dy, *packed, *bias;
  mm_activation act;
  float act_param, *dx;
} backward;

// One row of dx with a stride: every pixel gathers the outputs that read it.
static void backward_task(void *context, int task, int worker) {
  (void)worker;
  const backward *b = context;
  const mm_conv_shape *s = b->s;
  const int image = task / s->h, iy = task % s->h, taps = s->kh * s->kw;
  const size_t c = (size_t)s->c, padded = mm_padded(s->c);
  const float **x = mm_scratch(MM_SLOT_TASK, 2 * (size_t)taps * sizeof(float *)), **w = x + taps;
  mm_gather g = {
    .channels = s->c, .x = x, .weight = w, .bias = b->bias, .act = b->act, .act_param = b->act_param};
  for (int ix = 0; ix < s->w; ix++) {
    g.taps = 0;
    for (int ky = 0; ky < s->kh; ky++) {
      const int y = iy + s->pad_h - ky * s->dil_h;
      if (y < 0 || y % s->stride_h != 0 || y / s->stride_h >= s->oh) continue;
      for (int kx = 0; kx < s->kw; kx++) {
        const int at = ix + s->pad_w - kx * s->dil_w;
        if (at < 0 || at % s->stride_w != 0 || at / s->stride_w >= s->ow) continue;
        x[g.taps] = b->dy + (((size_t)image * s->oh + y / s->stride_h) * s->ow + at / s->stride_w) * c;
        w[g.taps++] = b->packed + ((size_t)ky * s->kw + kx) * padded;
      }
    }
    g.out = b->dx + ((size_t)task * s->w + ix) * c;
    b->kernels->depthwise_gather(&g);
  }
}

void mm_depthwise_backward_data(
    const mm_conv_shape *s, const float *dy, const float *packed, const float *bias, mm_activation act, float act_param,
    float *dx) {
  if (turned(s)) {
    mm_conv_shape t = *s;
    t.h = s->oh, t.w = s->ow, t.oh = s->h, t.ow = s->w;
    t.pad_h = (s->kh - 1) * s->dil_h - s->pad_h;
    t.pad_w = (s->kw - 1) * s->dil_w - s->pad_w;
    mm_depthwise_forward(&t, dy, packed, bias, NULL, act, act_param, dx);
    return;
  }
  backward b = {s, mm_kernels_current(), dy, packed, bias, act, act_param, dx};
  mm_parallel(s->n * s->h, backward_task, &b);
}

typedef struct {
  const mm_conv_shape *s;
  const mm_kernels *kernels;
  const float *x, *dy;
  float *partial;  // [chunk][kh * kw][padded]
  int rows, rows_a_task;
} weights;

static void weights_task(void *context, int task, int worker) {
  (void)worker;
  const weights *g = context;
  const size_t size = mm_depthwise_packed_floats(g->s);
  float *dw = g->partial + task * size;
  memset(dw, 0, size * sizeof(float));
  const int last = mm_min(g->rows, (task + 1) * g->rows_a_task);
  for (int r = task * g->rows_a_task; r < last; r++)
    g->kernels->depthwise_wgrad_row(g->s, g->x, g->dy, r / g->s->oh, r % g->s->oh, dw);
}

void mm_depthwise_backward_weight(const mm_conv_shape *s, const float *x, const float *dy, float *dw) {
  weights g = {.s = s, .kernels = mm_kernels_current(), .x = x, .dy = dy, .rows = s->n * s->oh};
  g.rows_a_task = mm_ceil_div(g.rows, 16);
  const int chunks = mm_ceil_div(g.rows, g.rows_a_task), taps = s->kh * s->kw;
  const size_t size = mm_depthwise_packed_floats(s), padded = mm_padded(s->c);
  g.partial = mm_scratch(MM_SLOT_SHARED, chunks * size * sizeof(float));
  mm_parallel(chunks, weights_task, &g);
  for (int i = 1; i < chunks; i++)
    for (size_t j = 0; j < size; j++) g.partial[j] += g.partial[i * size + j];
  for (int t = 0; t < taps; t++)
    for (int c = 0; c < s->c; c++) dw[(size_t)c * taps + t] = g.partial[t * padded + c];
}
