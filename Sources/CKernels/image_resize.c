// Resampling as OpenCV's resize does it: which method a call takes, and nearest neighbour.
#include "image_resize.h"

// True area averaging exists for shrinking only. OpenCV also takes it for bilinear when both axes shrink by two.
static int shrinks(int s, int d, double *scale) {
  *scale = 1.0 / ((double)d / s);
  return *scale >= 1;
}

static void nearest(
    const uint8_t *src, int sw, int sh, int bytes, uint8_t *dst, int dw, int dh) {
  double step_x = 1.0 / ((double)dw / sw), step_y = 1.0 / ((double)dh / sh);
  size_t pixel = (size_t)bytes;
  size_t *from = mm_scratch(MM_IMAGE_TABLES, (size_t)dw * sizeof *from);
  for (int x = 0; x < dw; x++) {
    int at = (int)floor(x * step_x);
    from[x] = (size_t)(at < sw - 1 ? at : sw - 1) * pixel;
  }
  int before = -1;
  for (int y = 0; y < dh; y++) {
    int at = (int)floor(y * step_y);
    at = at < sh - 1 ? at : sh - 1;
    uint8_t *to = dst + (size_t)y * (size_t)dw * pixel;
    if (at == before) {
      memcpy(to, to - (size_t)dw * pixel, (size_t)dw * pixel);
      continue;
    }
    before = at;
    const uint8_t *row = src + (size_t)at * (size_t)sw * pixel;
    switch (bytes) {
      case 1:
        for (int x = 0; x < dw; x++) to[x] = row[from[x]];
        break;
      case 3:
        for (int x = 0; x < dw; x++) __builtin_memcpy(to + 3 * (size_t)x, row + from[x], 3);
        break;
      case 4:
        for (int x = 0; x < dw; x++) __builtin_memcpy(to + 4 * (size_t)x, row + from[x], 4);
        break;
      default:
        for (int x = 0; x < dw; x++) memcpy(to + (size_t)x * pixel, row + from[x], pixel);
    }
  }
}

void mm_image_resize_u8(
    const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh, int method) {
  if (sw == dw && sh == dh) {
    memcpy(dst, src, (size_t)sw * (size_t)sh * (size_t)channels);
    return;
  }
  double scale_x, scale_y;
  int shrink = shrinks(sw, dw, &scale_x) & shrinks(sh, dh, &scale_y);
  int even = shrink && mm_whole(scale_x) == 2 && mm_whole(scale_y) == 2;
  if (method == MM_SCALE_NEAREST)
    nearest(src, sw, sh, channels, dst, dw, dh);
  else if ((method == MM_SCALE_AREA && shrink) || (method == MM_SCALE_LINEAR && even))
    mm_resize_area_u8(src, sw, sh, channels, dst, dw, dh);
  else if (method == MM_SCALE_CUBIC)
    mm_resize_cubic_u8(src, sw, sh, channels, dst, dw, dh);
  else if (method == MM_SCALE_LANCZOS)
    mm_resize_lanczos_u8(src, sw, sh, channels, dst, dw, dh);
  else
    mm_resize_linear_u8(src, sw, sh, channels, dst, dw, dh, method == MM_SCALE_AREA);
}

void mm_image_resize_f32(
    const float *src, int sw, int sh, int channels, float *dst, int dw, int dh, int method) {
  if (sw == dw && sh == dh) {
    memcpy(dst, src, (size_t)sw * (size_t)sh * (size_t)channels * sizeof(float));
    return;
  }
  double scale_x, scale_y;
  int shrink = shrinks(sw, dw, &scale_x) & shrinks(sh, dh, &scale_y);
  int even = shrink && mm_whole(scale_x) == 2 && mm_whole(scale_y) == 2;
  if (method == MM_SCALE_NEAREST)
    nearest((const uint8_t *)src, sw, sh, channels * 4, (uint8_t *)dst, dw, dh);
  else if ((method == MM_SCALE_AREA && shrink) || (method == MM_SCALE_LINEAR && even))
    mm_resize_area_f32(src, sw, sh, channels, dst, dw, dh);
  else
    mm_resize_filter_f32(src, sw, sh, channels, dst, dw, dh, method);
}
