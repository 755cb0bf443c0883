// CARAFE over NHWC data: x is [n, h, w, c], kernels [n, h * factor, w * factor, groups * size * size], y as kernels but
// with c channels. Each output pixel mixes the size x size neighbourhood of its source pixel.
#pragma once

typedef struct mm_carafe {
  long n, h, w, c, size, groups, factor;
} mm_carafe;

void mm_carafe_forward(const mm_carafe *_Nonnull s, const float *_Nonnull x, const float *_Nonnull kernels, float *_Nonnull y);
// dx and dkernels are overwritten; each may be NULL.
void mm_carafe_backward(
    const mm_carafe *_Nonnull s, const float *_Nonnull x, const float *_Nonnull kernels, const float *_Nonnull dy,
    float *_Nullable dx, float *_Nullable dkernels);
