// Channel order, gray, and the HSV colour space, as OpenCV computes them.
#include "image_internal.h"

MM_CLONES static void swap3_u8(const uint8_t *restrict src, size_t pixels, uint8_t *restrict dst) {
  for (size_t i = 0; i < pixels; i++) {
    uint8_t a = src[3 * i], b = src[3 * i + 1], c = src[3 * i + 2];
    dst[3 * i] = c;
    dst[3 * i + 1] = b;
    dst[3 * i + 2] = a;
  }
}

void mm_image_swap_colors(const uint8_t *src, size_t pixels, int channels, int bytes, uint8_t *dst) {
  if (channels == 3 && bytes == 1) {
    swap3_u8(src, pixels, dst);
    return;
  }
  size_t sample = (size_t)bytes, step = sample * (size_t)channels;
  for (size_t i = 0; i < pixels; i++, src += step, dst += step) {
    memcpy(dst, src + 2 * sample, sample);
    memcpy(dst + sample, src + sample, sample);
    memcpy(dst + 2 * sample, src, sample);
    if (channels == 4) memcpy(dst + 3 * sample, src + 3 * sample, sample);
  }
}

void mm_image_triple(const uint8_t *src, size_t count, int bytes, uint8_t *dst) {
  if (bytes == 1) {
    for (size_t i = 0; i < count; i++) dst[3 * i] = dst[3 * i + 1] = dst[3 * i + 2] = src[i];
    return;
  }
  size_t sample = (size_t)bytes;
  for (size_t i = 0; i < count; i++, src += sample, dst += 3 * sample)
    for (size_t k = 0; k < 3; k++) memcpy(dst + k * sample, src, sample);
}

MM_CLONES static void gray3(
    const uint8_t *restrict src, size_t pixels, int w0, int w1, int w2, int bits, uint8_t *restrict dst) {
  for (size_t i = 0; i < pixels; i++)
    dst[i] = (uint8_t)((src[3 * i] * w0 + src[3 * i + 1] * w1 + src[3 * i + 2] * w2 + (1 << (bits - 1))) >> bits);
}

void mm_image_gray_u8(
    const uint8_t *src, size_t pixels, int channels, int w0, int w1, int w2, int bits, uint8_t *dst) {
  if (channels == 3) {
    gray3(src, pixels, w0, w1, w2, bits, dst);
    return;
  }
  for (size_t i = 0; i < pixels; i++, src += channels)
    dst[i] = (uint8_t)((src[0] * w0 + src[1] * w1 + src[2] * w2 + (1 << (bits - 1))) >> bits);
}

MM_FUSED_CLONES void mm_image_gray_f32(const float *src, size_t pixels, int blue_first, float *dst) {
  int blue = blue_first ? 0 : 2;
  for (size_t i = 0; i < pixels; i++, src += 3)
    dst[i] = fmaf(src[2 - blue], 0.299f, fmaf(src[blue], 0.114f, src[1] * 0.587f));
}
