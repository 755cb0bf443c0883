// Weighted sums, small filters, tables and histograms: what photometric augmentation is made of.
#include "image_internal.h"

MM_FUSED_CLONES void mm_image_blend_u8(
    const uint8_t *a, float alpha, const uint8_t *b, float beta, size_t count, int cut, uint8_t *dst) {
  if (cut)
    for (size_t i = 0; i < count; i++) {
      float value = fmaf((float)a[i], alpha, (float)b[i] * beta);
      dst[i] = (uint8_t)(int)(value > 0 ? (value < 255 ? value : 255) : 0);
    }
  else
    for (size_t i = 0; i < count; i++) dst[i] = mm_saturate(fmaf((float)a[i], alpha, (float)b[i] * beta));
}

MM_FUSED_CLONES void mm_image_blend_f32(
    const float *a, float alpha, const float *b, float beta, size_t count, float *dst) {
  for (size_t i = 0; i < count; i++) dst[i] = fmaf(a[i], alpha, b[i] * beta);
}

MM_INLINE int mirrored(int i, int n) {
  if (n == 1) return 0;
  return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
}

MM_CLONES static void filter_row(
    const uint8_t *const *rows, const float *kernel, int channels, int from, int to, uint8_t *dst) {
  for (int i = from; i < to; i++) {
    float sum = 0;
    for (int r = 0; r < 3; r++)
      for (int k = 0; k < 3; k++) sum += kernel[3 * r + k] * (float)rows[r][i + (k - 1) * channels];
    dst[i] = mm_saturate(sum);
  }
}

void mm_image_filter3(
    const uint8_t *src, int width, int height, int channels, const float *kernel, uint8_t *dst) {
  size_t stride = (size_t)width * (size_t)channels;
  for (int y = 0; y < height; y++) {
    const uint8_t *rows[3];
    for (int r = 0; r < 3; r++) rows[r] = src + (size_t)mirrored(y + r - 1, height) * stride;
    uint8_t *to = dst + (size_t)y * stride;
    int edges[2] = {0, width - 1};
    for (int e = 0; e < 2; e++)
      for (int c = 0; c < channels; c++) {
        float sum = 0;
        for (int r = 0; r < 3; r++)
          for (int k = 0; k < 3; k++)
            sum += kernel[3 * r + k] * (float)rows[r][mirrored(edges[e] + k - 1, width) * channels + c];
        to[edges[e] * channels + c] = mm_saturate(sum);
      }
    if (width > 2) filter_row(rows, kernel, channels, channels, (width - 1) * channels, to);
  }
}

void mm_image_look_up(const uint8_t *src, size_t pixels, int channels, const uint8_t *tables, uint8_t *dst) {
  for (size_t i = 0; i < pixels; i++, src += channels, dst += channels)
    for (int c = 0; c < channels; c++) dst[c] = tables[256 * c + src[c]];
}

void mm_image_histogram(const uint8_t *src, size_t pixels, int channels, uint64_t *counts) {
  memset(counts, 0, 256 * (size_t)channels * sizeof *counts);
  for (size_t i = 0; i < pixels; i++, src += channels)
    for (int c = 0; c < channels; c++) counts[256 * c + src[c]]++;
}
