// The public face of the convolutions: checks, the choice of an algorithm, and dispatch to it.
#include "conv_internal.h"

#include <stdint.h>
#include <string.h>

static int product_fits(const int *factors, int count) {
  int64_t product = 1;
  for (int i = 0; i < count; i++)
    if (__builtin_mul_overflow(product, (int64_t)factors[i], &product) || product > INT64_MAX / 64) return 0;
  return 1;
}

int mm_conv_shape_valid(const mm_conv_shape *s) {
  const int positive[] = {s->n, s->h, s->w, s->c, s->oc, s->kh, s->kw, s->stride_h, s->stride_w, s->dil_h,
                          s->dil_w, s->groups, s->oh, s->ow};
  for (size_t i = 0; i < sizeof positive / sizeof *positive; i++)
    if (positive[i] < 1 || positive[i] > 1 << 28) return 0;
  if (s->pad_h < 0 || s->pad_w < 0 || s->pad_h > 1 << 28 || s->pad_w > 1 << 28) return 0;
  if (s->c % s->groups != 0 || s->oc % s->groups != 0) return 0;
  const int in[] = {s->n, s->h, s->w, s->c}, out[] = {s->n, s->oh, s->ow, s->oc};
  const int weight[] = {s->oc, s->c / s->groups, s->kh, s->kw, 64};
  const int pixels[] = {s->n, s->oh, s->ow}, in_pixels[] = {s->n, s->h, s->w}, taps[] = {s->kh, s->kw};
  if (!product_fits(in, 4) || !product_fits(out, 4) || !product_fits(weight, 5)) return 0;
  // Positions along an axis and counts of pixels are ints.
  const int64_t limit = 1 << 30;
  if ((int64_t)s->oh * s->stride_h + (int64_t)s->kh * s->dil_h + s->pad_h > limit) return 0;
  if ((int64_t)s->ow * s->stride_w + (int64_t)s->kw * s->dil_w + s->pad_w > limit) return 0;
  int64_t count = 1, in_count = 1;
  for (int i = 0; i < 3; i++) {
    if ((count *= pixels[i]) > limit || (in_count *= in_pixels[i]) > limit) return 0;
  }
  return (int64_t)taps[0] * taps[1] <= 1 << 20 && (int64_t)s->kw * s->c <= limit;
}

static int depthwise(const mm_conv_shape *s) { return s->groups > 1 && s->groups == s->c && s->groups == s->oc; }

// Winograd pays from some 32 tiles on: with fewer, reading its larger weights takes longer than the saved products.
static mm_conv_algorithm winograd_or_direct(
    const mm_conv_shape *s, int oh, int ow, int pad_h, int pad_w, mm_conv_setting setting) {
  const int fits = s->kh == 3 && s->kw == 3 && s->stride_h == 1 && s->stride_w == 1 && s->dil_h == 1 && s->dil_w == 1 &&
      s->groups == 1 && s->c >= MM_LANES && s->oc >= MM_LANES;
  if (!fits || setting == MM_CONV_SET_DIRECT || pad_h > 2 || pad_w > 2) return MM_CONV_DIRECT;
  const int64_t tiles4 = (int64_t)s->n * mm_ceil_div(oh, 4) * mm_ceil_div(ow, 4);
  const int64_t tiles2 = (int64_t)s->n * mm_ceil_div(oh, 2) * mm_ceil_div(ow, 2);
  if ((setting == MM_CONV_SET_AUTO || setting == MM_CONV_SET_F4) && tiles4 >= 32) return MM_CONV_WINOGRAD4;
  return tiles2 >= 32 ? MM_CONV_WINOGRAD2 : MM_CONV_DIRECT;
}

mm_conv_algorithm mm_conv_choose(const mm_conv_shape *s, mm_conv_setting setting) {
  if (depthwise(s)) return MM_CONV_DEPTHWISE;
  if (s->groups == 1 && s->c <= 8 && s->kw > 1 && s->dil_w == 1) return MM_CONV_STEM;
  return winograd_or_direct(s, s->oh, s->ow, s->pad_h, s->pad_w, setting);
}

mm_conv_algorithm mm_conv_choose_dgrad(const mm_conv_shape *s, mm_conv_setting setting) {
  if (depthwise(s)) return MM_CONV_DEPTHWISE;
  if (mm_scatter_pays(s)) return MM_CONV_SCATTER;
  return winograd_or_direct(s, s->h, s->w, 2 - s->pad_h, 2 - s->pad_w, setting);
}

size_t mm_conv_packed_bytes(const mm_conv_shape *s, mm_conv_algorithm algorithm) {
  switch (algorithm) {
    case MM_CONV_STEM: return mm_stem_packed_floats(s) * sizeof(float);
    case MM_CONV_DEPTHWISE: return mm_depthwise_packed_floats(s) * sizeof(float);
    case MM_CONV_WINOGRAD2: return mm_wino_packed_floats(s, 2, 0) * sizeof(float);
    case MM_CONV_WINOGRAD4: return mm_wino_packed_floats(s, 4, 0) * sizeof(float);
    case MM_CONV_SCATTER:
    case MM_CONV_DIRECT: break;
  }
  return mm_direct_packed_floats(s, 0) * sizeof(float);
}

size_t mm_conv_packed_bytes_dgrad(const mm_conv_shape *s, mm_conv_algorithm algorithm) {
  switch (algorithm) {
    case MM_CONV_DEPTHWISE: return mm_depthwise_packed_floats(s) * sizeof(float);
    case MM_CONV_WINOGRAD2: return mm_wino_packed_floats(s, 2, 1) * sizeof(float);
    case MM_CONV_WINOGRAD4: return mm_wino_packed_floats(s, 4, 1) * sizeof(float);
    case MM_CONV_SCATTER: return mm_scatter_packed_floats(s) * sizeof(float);
    case MM_CONV_DIRECT:
    case MM_CONV_STEM: break;
  }
  return mm_direct_packed_floats(s, 1) * sizeof(float);
}

void mm_conv_pack(
    const mm_conv_shape *s, mm_conv_algorithm algorithm, const float *weight, const float *scale, void *packed) {
  switch (algorithm) {
    case MM_CONV_STEM: mm_stem_pack(s, weight, scale, packed); return;
    case MM_CONV_DEPTHWISE: mm_depthwise_pack(s, 0, weight, scale, packed); return;
    case MM_CONV_WINOGRAD2: mm_wino_pack(s, 2, 0, weight, scale, packed); return;
    case MM_CONV_WINOGRAD4: mm_wino_pack(s, 4, 0, weight, scale, packed); return;
    case MM_CONV_SCATTER:
    case MM_CONV_DIRECT: mm_direct_pack(s, 0, weight, scale, packed); return;
  }
}

void mm_conv_pack_dgrad(
    const mm_conv_shape *s, mm_conv_algorithm algorithm, const float *weight, const float *scale, void *packed) {
  switch (algorithm) {
    case MM_CONV_DEPTHWISE: mm_depthwise_pack(s, 1, weight, scale, packed); return;
    case MM_CONV_WINOGRAD2: mm_wino_pack(s, 2, 1, weight, scale, packed); return;
    case MM_CONV_WINOGRAD4: mm_wino_pack(s, 4, 1, weight, scale, packed); return;
    case MM_CONV_SCATTER: mm_scatter_pack(s, weight, scale, packed); return;
    case MM_CONV_DIRECT:
    case MM_CONV_STEM: mm_direct_pack(s, 1, weight, scale, packed); return;
  }
}

void mm_conv_forward(
    const mm_conv_shape *s, mm_conv_algorithm algorithm, const float *x, const void *packed, const float *bias,
    const float *residual, mm_activation act, float act_param, float *y) {
  switch (algorithm) {
    case MM_CONV_STEM: mm_stem_forward(s, x, packed, bias, residual, act, act_param, y); return;
    case MM_CONV_DEPTHWISE: mm_depthwise_forward(s, x, packed, bias, residual, act, act_param, y); return;
    case MM_CONV_WINOGRAD2: mm_wino_run(s, 2, 0, x, packed, bias, residual, act, act_param, y); return;
    case MM_CONV_WINOGRAD4: mm_wino_run(s, 4, 0, x, packed, bias, residual, act, act_param, y); return;
    case MM_CONV_SCATTER:
    case MM_CONV_DIRECT: mm_direct_forward(s, x, packed, bias, residual, act, act_param, y); return;
  }
}

void mm_conv_backward_data(
    const mm_conv_shape *s, mm_conv_algorithm algorithm, const float *dy, const void *packed, const float *bias,
    mm_activation act, float act_param, float *dx) {
  switch (algorithm) {
    case MM_CONV_DEPTHWISE: mm_depthwise_backward_data(s, dy, packed, bias, act, act_param, dx); return;
    case MM_CONV_WINOGRAD2: mm_wino_run(s, 2, 1, dy, packed, bias, NULL, act, act_param, dx); return;
    case MM_CONV_WINOGRAD4: mm_wino_run(s, 4, 1, dy, packed, bias, NULL, act, act_param, dx); return;
    case MM_CONV_SCATTER: mm_scatter_backward_data(s, dy, packed, bias, act, act_param, dx); return;
    case MM_CONV_DIRECT:
    case MM_CONV_STEM: mm_direct_backward_data(s, dy, packed, bias, act, act_param, dx); return;
  }
}

typedef struct {
  const mm_kernels *kernels;
  const float *dy;
  float *partial;
  int pixels, chunk, oc;
} bias_job;

static void bias_task(void *context, int task, int worker) {
  (void)worker;
  const bias_job *b = context;
  const int first = task * b->chunk, n = mm_min(b->chunk, b->pixels - first);
  float *sum = b->partial + (size_t)task * b->oc;
  memset(sum, 0, (size_t)b->oc * sizeof(float));
  b->kernels->column_sums(n, b->oc, b->dy + (size_t)first * b->oc, b->oc, sum);
}

static void bias_gradient(const mm_conv_shape *s, const float *dy, float *dbias) {
  bias_job b = {.kernels = mm_kernels_current(), .dy = dy, .pixels = s->n * s->oh * s->ow, .oc = s->oc};
  b.chunk = mm_max(64, mm_ceil_div(b.pixels, 64));
  const int chunks = mm_ceil_div(b.pixels, b.chunk);
  b.partial = mm_scratch(MM_SLOT_SHARED, (size_t)chunks * s->oc * sizeof(float));
  mm_parallel(chunks, bias_task, &b);
  for (int o = 0; o < s->oc; o++) {
    float sum = 0;
    for (int i = 0; i < chunks; i++) sum += b.partial[(size_t)i * s->oc + o];
    dbias[o] = sum;
  }
}

void mm_conv_backward_weight(const mm_conv_shape *s, const float *x, const float *dy, float *dw, float *dbias) {
  if (depthwise(s)) mm_depthwise_backward_weight(s, x, dy, dw);
  else mm_product_backward_weight(s, x, dy, dw);
  if (dbias) bias_gradient(s, dy, dbias);
}
