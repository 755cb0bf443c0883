// Convolution of few input channels: on a padded copy of the image, the kw * c values under a row of the kernel are
// contiguous, so that a row is one tap.
#include "conv_internal.h"

#include <string.h>

size_t mm_stem_packed_floats(const mm_conv_shape *s) { return mm_padded(s->oc) * s->kh * s->kw * s->c; }

void mm_stem_pack(const mm_conv_shape *s, const float *weight, const float *scale, float *packed) {
  const size_t depth = (size_t)s->kh * s->kw * s->c;
  memset(packed, 0, mm_stem_packed_floats(s) * sizeof(float));
  for (int o = 0; o < s->oc; o++) {
    float *d = packed + (size_t)(o / MM_LANES) * depth * MM_LANES + o % MM_LANES;
    for (int c = 0; c < s->c; c++)
      for (int t = 0; t < s->kh * s->kw; t++)
        d[((size_t)t * s->c + c) * MM_LANES] =
            weight[((size_t)o * s->c + c) * s->kh * s->kw + t] * (scale ? scale[o] : 1.0f);
  }
}

typedef struct {
  const mm_conv_shape *s;
  const float *x;
  float *padded;
  int image, width;  // first image of the chunk; columns of the padded copy
} padding;

static void pad_task(void *context, int task, int worker) {
  (void)worker;
  const padding *p = context;
  const mm_conv_shape *s = p->s;
  const int image = p->image + task / s->h, y = task % s->h;
  float *d = p->padded + (size_t)task * p->width * s->c;
  const int left = mm_min(p->width, mm_max(0, s->pad_w)), from = mm_max(0, -s->pad_w);
  const int n = mm_max(0, mm_min(s->w - from, p->width - left));
  memset(d, 0, (size_t)left * s->c * sizeof(float));
  if (n > 0)
    memcpy(
        d + (size_t)left * s->c, p->x + (((size_t)image * s->h + y) * s->w + from) * s->c,
        (size_t)n * s->c * sizeof(float));
  memset(d + (size_t)(left + n) * s->c, 0, (size_t)(p->width - left - n) * s->c * sizeof(float));
}

void mm_stem_forward(
    const mm_conv_shape *s, const float *x, const float *packed, const float *bias, const float *residual,
    mm_activation act, float act_param, float *y) {
  // The copy is padded on the left and right only; rows outside of the image are the table's zeros. A "pixel" of the
  // copy is then one row's start: k = kw * c values from column ox * stride on.
  const int width = (s->ow - 1) * s->stride_w + s->kw;
  const size_t image_floats = (size_t)s->h * width * s->c;
  const size_t room = (size_t)16 << 20;
  const int chunk = mm_max(1, mm_min(s->n, (int)(room / (image_floats * sizeof(float)))));
  int *taps = mm_scratch(MM_SLOT_TAPS, 2 * (size_t)s->kh * sizeof(int)), *zeros = taps + s->kh;
  for (int t = 0; t < s->kh; t++) taps[t] = t * s->dil_h - s->pad_h, zeros[t] = 0;
  float *padded = mm_scratch(MM_SLOT_COPY, chunk * image_floats * sizeof(float));
  for (int image = 0; image < s->n; image += chunk) {
    const int n = mm_min(chunk, s->n - image);
    mm_parallel(n * s->h, pad_task, &(padding){s, x, padded, image, width});
    const size_t at = (size_t)image * s->oh * s->ow * s->oc;
    const mm_indirect q = {
      .n = n, .in = padded, .in_h = s->h, .in_w = width, .in_pitch = (size_t)s->c, .step_h = s->stride_h,
      .step_w = s->stride_w, .taps = s->kh, .tap_y = taps, .tap_x = zeros, .k = s->kw * s->c, .in_channels = s->kw * s->c, .out = y + at,
      .out_h = s->oh, .out_w = s->ow, .out_pitch = (size_t)s->oc, .rows = s->oh, .columns = s->ow, .out_step_h = 1,
      .out_step_w = 1, .channels = s->oc, .bundles = 1, .packed = packed, .bias = bias,
      .residual = residual ? residual + at : NULL, .act = act, .act_param = act_param};
    mm_indirect_run(&q);
  }
}
