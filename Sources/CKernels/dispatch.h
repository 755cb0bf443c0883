// The kernels of each instruction set, and the choice between them.
#pragma once
#include "include/mm_conv.h"
#include <stddef.h>

enum { MM_LANES = 16 };  // output channels a panel of packed weights; the same for every instruction set

// A block of outputs: `rows` pixels times `columns` channels, plus the sum over `taps` x `k` products,
// out[r][j] += sum over t, i of a[t * a_stride + r][k_offset + i] * panel(j / 16)[t * k + i][j % 16].
// The first block of a sum starts from the bias, the last one adds the residual and applies the activation.
typedef struct {
  int rows, taps, k, columns;
  // With `narrow`, the one panel holds 16 / k groups of k channels on both sides, k being 4 or 8: lane j of tap t adds
  // the sum over i < k of a[...][k_offset + j / k * k + i] * panel[t * k + i][j].
  int narrow;
  const float *const *a;
  int a_stride;
  size_t k_offset;
  const float *panels;
  size_t panel_stride;
  float *const *out;  // out[r] + out_offset is the first channel of row r
  size_t out_offset;
  const float *bias;       // of the first column, or null
  const float *residual;   // laid out as `out_base`, or null
  const float *out_base;
  int first, last;
  mm_activation act;
  float act_param;
} mm_block;

// A product of packed operands: out[r][j] (+)= sum over segments s and i of
// s.a[i * mr + r] * s.b[i * b_step + (j / 16) * panel_stride + j % 16], for one group of up to `mr` rows at a time.
typedef struct {
  const float *a, *b;
  int length;
} mm_segment;
typedef struct {
  int rows, columns;  // rows of all groups together
  int segments;
  const mm_segment *segment;
  size_t group_stride;  // between the row groups of a, in floats
  size_t b_step, panel_stride;
  float *out;
  size_t out_stride;
  int accumulate;
} mm_product;

// One row of outputs of a depthwise convolution. Weights are [kh * kw][padded], padded = channels rounded up to 16.
typedef struct {
  const mm_conv_shape *shape;
  const float *x, *weight, *bias, *residual;
  const float *zero;  // `c` zeros
  mm_activation act;
  float act_param;
  float *y;
} mm_depthwise;

// Gathers one pixel: out[c] = act(bias[c] + residual[c] + sum over t of x[t][c] * weight[t][c]).
typedef struct {
  int channels, taps;
  const float *const *x;
  const float *const *weight;
  const float *bias, *residual;
  mm_activation act;
  float act_param;
  float *out;
} mm_gather;

// Winograd F(m x m, 3 x 3) on tiles of one image. Transformed inputs are [(m+2)^2][tile][padded channels].
typedef struct {
  int m;
  const float *x;  // [h, w, c]
  int h, w, c;     // of the tensor read (input) or written (output)
  int top, left;   // of the tile; may lie outside of the image
  float *tile;     // first of the tile's vectors
  size_t stride;   // between transform points
  const float *zero;
  // Of the output transform only.
  float *y;
  const float *bias, *residual;
  mm_activation act;
  float act_param;
} mm_wino;

typedef struct {
  mm_isa isa;
  int mr;          // rows of a micro-kernel, and of the packed groups of mm_product
  int max_panels;  // panels of a micro-kernel
  void (*block)(const mm_block *);
  void (*product)(const mm_product *);
  // Copies `channels` floats of each of `pixels` rows into groups of `mr` channels: out[g * group_stride + i * mr].
  void (*pack_groups)(
      int pixels, int channels, const float *x, size_t pitch, float *out, size_t group_stride);
  // The same into panels of 16 channels, the last filled up with zeros.
  void (*pack_panels)(
      int pixels, int channels, const float *x, size_t pitch, float *out, size_t panel_stride);
  void (*depthwise_row)(const mm_depthwise *, int image, int row);
  void (*depthwise_gather)(const mm_gather *);
  // Adds one row's part of the weight gradient to dw [kh * kw][padded].
  void (*depthwise_wgrad_row)(const mm_conv_shape *, const float *x, const float *dy, int image, int row, float *dw);
  void (*wino_input)(const mm_wino *);
  void (*wino_output)(const mm_wino *);
  // G g G^T of 16 kernels side by side: out[point * point_stride + lane].
  void (*wino_weights)(int m, const float kernel[9][MM_LANES], float *out, size_t point_stride);
  // sum[j] += the sum over rows of x[r * pitch + j].
  void (*column_sums)(int rows, int columns, const float *x, size_t pitch, float *sum);
} mm_kernels;

extern const mm_kernels mm_kernels_generic;
#if defined(__x86_64__)
extern const mm_kernels mm_kernels_avx2, mm_kernels_avx512;
#endif

// The kernels of the set in use. A call must take them once, since the packed layouts of two sets may differ.
const mm_kernels *mm_kernels_current(void);
