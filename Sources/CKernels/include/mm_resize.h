// `interpolate` over NHWC data: x is [n, h, w, c], y is [n, oh, ow, c].
#pragma once
#include <stdint.h>

typedef enum mm_resize_mode {
  MM_RESIZE_NEAREST,
  MM_RESIZE_NEAREST_EXACT,
  MM_RESIZE_BILINEAR,
  MM_RESIZE_BICUBIC,  // A = -0.75
} mm_resize_mode;

// scale_h and scale_w are the scale factors to derive source positions from; 0 stands for "from the sizes", as when
// PyTorch is given `size` or `recompute_scale_factor`. align_corners matters for bilinear and bicubic only.
typedef struct mm_resize {
  long n, h, w, c, oh, ow;
  double scale_h, scale_w;
  int align_corners;
  mm_resize_mode mode;
} mm_resize;

void mm_resize_forward(const mm_resize *_Nonnull r, const float *_Nonnull x, float *_Nonnull y);
// Of bilinear interpolation, only which channel is the largest: y is [n, oh, ow]. At most 256 channels.
void mm_resize_largest(const mm_resize *_Nonnull r, const float *_Nonnull x, uint8_t *_Nonnull y);
// dx is overwritten.
void mm_resize_backward(const mm_resize *_Nonnull r, const float *_Nonnull dy, float *_Nonnull dx);
