// Pooling over NHWC data: x is [n, h, w, c], y is [n, oh, ow, c].
#pragma once
#include <stdint.h>

// oh and ow are the caller's (they depend on ceil_mode); windows may reach beyond the padded input. h and w are at least
// 1, kernels, strides and dilations at least 1, and for max pooling every window must touch the input.
typedef struct mm_pool2d {
  long n, h, w, c, oh, ow;
  int kh, kw, sh, sw, ph, pw, dh, dw;
} mm_pool2d;

// index (NULL if not wanted) is [n, oh, ow, c] and holds y * w + x of the chosen element: the first of equals, NaN wins.
void mm_max_pool2d_forward(const mm_pool2d *_Nonnull p, const float *_Nonnull x, float *_Nonnull y,
                           int32_t *_Nullable index);
// dx is overwritten. Also the backward of adaptive max pooling.
void mm_max_pool2d_backward(const mm_pool2d *_Nonnull p, const float *_Nonnull dy, const int32_t *_Nonnull index,
                            float *_Nonnull dx);
// divisor 0 stands for no divisor_override. Dilation is not used.
void mm_avg_pool2d_forward(const mm_pool2d *_Nonnull p, int count_include_pad, long divisor, const float *_Nonnull x,
                           float *_Nonnull y);
void mm_avg_pool2d_backward(const mm_pool2d *_Nonnull p, int count_include_pad, long divisor,
                            const float *_Nonnull dy, float *_Nonnull dx);
// Windows from floor(i h / oh) to ceil((i + 1) h / oh).
void mm_adaptive_avg_pool2d_forward(long n, long h, long w, long c, long oh, long ow, const float *_Nonnull x,
                                    float *_Nonnull y);
void mm_adaptive_avg_pool2d_backward(long n, long h, long w, long c, long oh, long ow, const float *_Nonnull dy,
                                     float *_Nonnull dx);
void mm_adaptive_max_pool2d_forward(long n, long h, long w, long c, long oh, long ow, const float *_Nonnull x,
                                    float *_Nonnull y, int32_t *_Nullable index);
