// What the files of the convolution share.
#pragma once
#include "dispatch.h"
#include "include/mm_pool.h"

// Slots of mm_scratch. A block that tasks share is allocated by the caller, in other slots than the tasks' own.
enum { MM_SLOT_TAPS = 3, MM_SLOT_SHARED = 4, MM_SLOT_COPY = 5, MM_SLOT_TASK = 6, MM_SLOT_TASK_2 = 7 };

static inline int mm_min(int a, int b) { return a < b ? a : b; }
static inline int mm_max(int a, int b) { return a > b ? a : b; }
static inline int mm_ceil_div(int a, int b) { return (a + b - 1) / b; }
static inline size_t mm_padded(int channels) {
  return ((size_t)channels + MM_LANES - 1) / MM_LANES * MM_LANES;
}

// Groups that are computed together, as one dense convolution with a block-diagonal weight, so that narrow groups fill
// the lanes of a panel: the largest divisor of `groups` whose outputs fit into one.
int mm_bundle_groups(int groups, int outputs_per_group);

// A convolution in terms of the micro-kernel: which input pixel each tap of each output pixel reads.
// Output (i, j) lies at (out_y + i * out_step_h, out_x + j * out_step_w) and its tap t reads the input at
// (i * step_h + tap_y[t], j * step_w + tap_x[t]), zero outside of the image.
typedef struct {
  int n;
  const float *in;
  int in_h, in_w;
  size_t in_pitch;  // floats a pixel
  int step_h, step_w;
  int taps;
  const int *tap_y, *tap_x;
  int k;            // products a tap
  int in_channels;  // floats that a tap reads, as many as k unless `narrow`
  int narrow;       // see mm_block
  float *out;
  int out_h, out_w;
  size_t out_pitch;
  int rows, columns;  // of output pixels
  int out_y, out_x, out_step_h, out_step_w;
  int channels;  // that a bundle writes
  int bundles;   // bundle b reads from b * in_channels on and writes `channels` from b * channels on
  const float *packed;
  size_t packed_stride;  // between bundles
  const float *bias, *residual;
  mm_activation act;
  float act_param;
} mm_indirect;

void mm_indirect_run(const mm_indirect *job);

// Sum over k in blocks of at most this many products, so that a block of weights stays in the first-level cache.
enum { MM_K_BLOCK = 256 };

void mm_direct_forward(
    const mm_conv_shape *s, const float *x, const float *packed, const float *bias, const float *residual,
    mm_activation act, float act_param, float *y);
void mm_direct_backward_data(
    const mm_conv_shape *s, const float *dy, const float *packed, const float *bias, mm_activation act, float act_param,
    float *dx);
size_t mm_direct_packed_floats(const mm_conv_shape *s, int gradient);
void mm_direct_pack(const mm_conv_shape *s, int gradient, const float *weight, const float *scale, float *packed);

int mm_scatter_pays(const mm_conv_shape *s);
size_t mm_scatter_packed_floats(const mm_conv_shape *s);
void mm_scatter_pack(const mm_conv_shape *s, const float *weight, const float *scale, float *packed);
void mm_scatter_backward_data(
    const mm_conv_shape *s, const float *dy, const float *packed, const float *bias, mm_activation act, float act_param,
    float *dx);

size_t mm_stem_packed_floats(const mm_conv_shape *s);
void mm_stem_pack(const mm_conv_shape *s, const float *weight, const float *scale, float *packed);
void mm_stem_forward(
    const mm_conv_shape *s, const float *x, const float *packed, const float *bias, const float *residual,
    mm_activation act, float act_param, float *y);

size_t mm_depthwise_packed_floats(const mm_conv_shape *s);
void mm_depthwise_pack(const mm_conv_shape *s, int gradient, const float *weight, const float *scale, float *packed);
void mm_depthwise_forward(
    const mm_conv_shape *s, const float *x, const float *packed, const float *bias, const float *residual,
    mm_activation act, float act_param, float *y);
void mm_depthwise_backward_data(
    const mm_conv_shape *s, const float *dy, const float *packed, const float *bias, mm_activation act, float act_param,
    float *dx);
void mm_depthwise_backward_weight(const mm_conv_shape *s, const float *x, const float *dy, float *dw);

void mm_product_backward_weight(const mm_conv_shape *s, const float *x, const float *dy, float *dw);

// Winograd F(m x m, 3 x 3), m 2 or 4; with `gradient`, of dy with the weights turned round.
size_t mm_wino_packed_floats(const mm_conv_shape *s, int m, int gradient);
void mm_wino_pack(
    const mm_conv_shape *s, int m, int gradient, const float *weight, const float *scale, float *packed);
void mm_wino_run(
    const mm_conv_shape *s, int m, int gradient, const float *in, const float *packed, const float *bias,
    const float *residual, mm_activation act, float act_param, float *out);
