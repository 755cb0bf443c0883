// The parts of OpenCV-like resampling; not part of the module.
#pragma once
#include "image_internal.h"

// The integer that `scale` is, or 0 if it is none.
MM_INLINE int mm_whole(double scale) {
  double whole = rint(scale);
  return fabs(scale - whole) < 2.220446049250313e-16 && whole < 1 << 20 ? (int)whole : 0;
}

// First source pixel left of (or at) the centre of each destination pixel, and the distance to it. `area` is the variant
// that OpenCV uses for INTER_AREA when it enlarges. Positions may lie outside 0..<s; the caller clamps.
MM_INLINE int mm_position(int d, double scale, double inverse, int area, float *fraction) {
  if (area) {
    int at = (int)floor(d * scale);
    float f = (float)((d + 1) - (at + 1) * inverse);
    *fraction = f <= 0 ? 0 : f - floorf(f);
    return at;
  }
  float x = (float)((d + 0.5) * scale - 0.5);
  int at = (int)floorf(x);
  *fraction = x - (float)at;
  return at;
}

void mm_lanczos_weights(float x, float *weights);

void mm_resize_linear_u8(
    const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh, int area);
void mm_resize_cubic_u8(const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh);
void mm_resize_lanczos_u8(const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh);
void mm_resize_area_u8(const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh);
void mm_resize_area_f32(const float *src, int sw, int sh, int channels, float *dst, int dw, int dh);
void mm_resize_filter_f32(
    const float *src, int sw, int sh, int channels, float *dst, int dw, int dh, int method);
