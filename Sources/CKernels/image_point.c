// Arithmetic on one sample at a time: conversion and normalisation.
#include "image_internal.h"

MM_INLINE void normalize3_u8(
    const uint8_t *restrict src, size_t pixels, int swap, const float *mean, const double *scale,
    float *restrict dst) {
  float m0 = mean[0], m1 = mean[1], m2 = mean[2];
  double s0 = scale[0], s1 = scale[1], s2 = scale[2];
  for (size_t i = 0; i < pixels; i++) {
    float a = (float)src[3 * i + (swap ? 2 : 0)], b = (float)src[3 * i + 1], c = (float)src[3 * i + (swap ? 0 : 2)];
    dst[3 * i] = (float)((double)(a - m0) * s0);
    dst[3 * i + 1] = (float)((double)(b - m1) * s1);
    dst[3 * i + 2] = (float)((double)(c - m2) * s2);
  }
}
MM_CLONES static void normalize3_plain(
    const uint8_t *restrict src, size_t pixels, const float *mean, const double *scale, float *restrict dst) {
  normalize3_u8(src, pixels, 0, mean, scale, dst);
}
MM_CLONES static void normalize3_swapped(
    const uint8_t *restrict src, size_t pixels, const float *mean, const double *scale, float *restrict dst) {
  normalize3_u8(src, pixels, 1, mean, scale, dst);
}

void mm_image_normalize_u8(
    const uint8_t *src, size_t pixels, int channels, int swap, const float *mean, const double *scale, float *dst) {
  if (channels == 3 && swap) {
    normalize3_swapped(src, pixels, mean, scale, dst);
  } else if (channels == 3) {
    normalize3_plain(src, pixels, mean, scale, dst);
  } else {
    for (size_t i = 0; i < pixels; i++, src += channels, dst += channels)
      for (int c = 0; c < channels; c++)
        dst[c] = (float)((double)((float)src[swap ? channels - 1 - c : c] - mean[c]) * scale[c]);
  }
}

void mm_image_normalize_f32(
    const float *src, size_t pixels, int channels, int swap, const float *mean, const double *scale, float *dst) {
  for (size_t i = 0; i < pixels; i++, src += channels, dst += channels)
    for (int c = 0; c < channels; c++)
      dst[c] = (float)((double)(src[swap ? channels - 1 - c : c] - mean[c]) * scale[c]);
}

MM_CLONES void mm_image_u8_to_f32(const uint8_t *src, size_t count, float *dst) {
  for (size_t i = 0; i < count; i++) dst[i] = (float)src[i];
}

MM_CLONES void mm_image_f32_to_u8(const float *src, size_t count, uint8_t *dst) {
  for (size_t i = 0; i < count; i++) dst[i] = mm_saturate(src[i]);
}
