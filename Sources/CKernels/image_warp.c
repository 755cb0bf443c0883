// Affine warps as OpenCV 5 does them: positions and interpolation in f32, with fused products and sums.
#include "image_internal.h"

// Where pixel `i` of an axis of `n` comes from, -1 for the border colour. Same modes as padding.
MM_INLINE int border(int i, int n, int mode) {
  if (i >= 0 && i < n) return i;
  if (mode == MM_BORDER_CONSTANT) return -1;
  if (mode == MM_BORDER_EDGE || n == 1) return i < 0 ? 0 : n - 1;
  int skip = mode == MM_BORDER_REFLECT;
  long period = 2L * n - 2L * skip, at = i % period;
  if (at < 0) at += period;
  return (int)(at < n ? at : 2L * n - 1 - skip - at);
}

typedef struct {
  const void *src;
  int is_float, width, height, channels, mode;
  const float *fill;
} source;

MM_INLINE void fetch(const source *s, int x, int y, float *out) {
  int from_x = border(x, s->width, s->mode), from_y = border(y, s->height, s->mode);
  if (from_x < 0 || from_y < 0) {
    for (int c = 0; c < s->channels; c++) out[c] = s->fill[c];
    return;
  }
  size_t at = ((size_t)from_y * (size_t)s->width + (size_t)from_x) * (size_t)s->channels;
  for (int c = 0; c < s->channels; c++)
    out[c] = s->is_float ? ((const float *)s->src)[at + (size_t)c] : (float)((const uint8_t *)s->src)[at + (size_t)c];
}

// Positions far outside would overflow an int.
MM_INLINE int whole(float value) {
  return value > -1e9f && value < 1e9f ? (int)value : value > 0 ? 1000000000 : -1000000000;
}

MM_INLINE void warp_row(
    const source *s, const double *m, int y, int dw, int linear, void *dst) {
  float mx = (float)m[0], my = (float)m[3];
  float base_x = (float)y * (float)m[1] + (float)m[2], base_y = (float)y * (float)m[4] + (float)m[5];
  // OpenCV works on sixteen columns at once; it adds up the last ones in another order.
  int blocks = dw - dw % 16;
  for (int x = 0; x < dw; x++) {
    float px, py, out[4];
    if (x < blocks) {
      px = fmaf(mx, (float)x, base_x), py = fmaf(my, (float)x, base_y);
    } else {
      px = fmaf(mx, (float)x, (float)y * (float)m[1]) + (float)m[2];
      py = fmaf(my, (float)x, (float)y * (float)m[4]) + (float)m[5];
    }
    if (linear) {
      float left = floorf(px), top = floorf(py), a = px - left, b = py - top;
      int ix = whole(left), iy = whole(top);
      float p00[4], p01[4], p10[4], p11[4];
      if (!s->is_float && ix >= 0 && iy >= 0 && ix < s->width - 1 && iy < s->height - 1) {
        size_t stride = (size_t)s->width * (size_t)s->channels;
        const uint8_t *p = (const uint8_t *)s->src + (size_t)iy * stride + (size_t)ix * (size_t)s->channels;
        for (int c = 0; c < s->channels; c++) {
          p00[c] = p[c], p01[c] = p[s->channels + c];
          p10[c] = p[stride + (size_t)c], p11[c] = p[stride + (size_t)(s->channels + c)];
        }
      } else {
        fetch(s, ix, iy, p00);
        fetch(s, ix + 1, iy, p01);
        fetch(s, ix, iy + 1, p10);
        fetch(s, ix + 1, iy + 1, p11);
      }
      for (int c = 0; c < s->channels; c++) {
        float upper = fmaf(a, p01[c] - p00[c], p00[c]), lower = fmaf(a, p11[c] - p10[c], p10[c]);
        out[c] = fmaf(b, lower - upper, upper);
      }
    } else {
      fetch(s, whole(rintf(px)), whole(rintf(py)), out);
    }
    size_t at = (size_t)x * (size_t)s->channels;
    for (int c = 0; c < s->channels; c++)
      if (s->is_float)
        ((float *)dst)[at + (size_t)c] = out[c];
      else
        ((uint8_t *)dst)[at + (size_t)c] = mm_saturate(out[c]);
  }
}

MM_FUSED_CLONES static void warp3(const source *s, const double *m, int dw, int dh, int linear, uint8_t *dst) {
  source three = *s;
  three.channels = 3;
  three.is_float = 0;
  for (int y = 0; y < dh; y++) warp_row(&three, m, y, dw, linear, dst + (size_t)y * (size_t)dw * 3);
}
MM_FUSED_CLONES static void warp_any(const source *s, const double *m, int dw, int dh, int linear, uint8_t *dst) {
  size_t row = (size_t)dw * (size_t)s->channels * (s->is_float ? sizeof(float) : 1);
  for (int y = 0; y < dh; y++) warp_row(s, m, y, dw, linear, dst + (size_t)y * row);
}

void mm_image_warp(
    const void *src, int is_float, int sw, int sh, int channels, const double *inverse, int linear, int mode,
    const float *fill, void *dst, int dw, int dh) {
  source s = {src, is_float, sw, sh, channels, mode, fill};
  if (channels == 3 && !is_float)
    warp3(&s, inverse, dw, dh, linear, dst);
  else
    warp_any(&s, inverse, dw, dh, linear, dst);
}
