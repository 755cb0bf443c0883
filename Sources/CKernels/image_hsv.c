// The HSV colour space as OpenCV computes it. Bytes: hue in half degrees (0..<180), the rest 0...255. Floats: hue in
// degrees, saturation 0...1, value as the input.
#include "image_internal.h"

MM_INLINE int max3(int a, int b, int c) { return a > b ? (a > c ? a : c) : (b > c ? b : c); }
MM_INLINE int min3(int a, int b, int c) { return a < b ? (a < c ? a : c) : (b < c ? b : c); }

void mm_image_to_hsv_u8(const uint8_t *src, size_t pixels, int blue_first, uint8_t *dst) {
  // Reciprocals with 12 fractional bits.
  int saturations[256], hues[256];
  saturations[0] = hues[0] = 0;
  for (int i = 1; i < 256; i++) {
    saturations[i] = (int)rint((255 << 12) / (double)i);
    hues[i] = (int)rint((180 << 12) / (6.0 * i));
  }
  int blue = blue_first ? 0 : 2;
  for (size_t i = 0; i < pixels; i++, src += 3, dst += 3) {
    int b = src[blue], g = src[1], r = src[2 - blue];
    int value = max3(b, g, r), range = value - min3(b, g, r);
    int hue = value == r ? g - b : value == g ? b - r + 2 * range : r - g + 4 * range;
    hue = (hue * hues[range] + (1 << 11)) >> 12;
    dst[0] = (uint8_t)(hue < 0 ? hue + 180 : hue);
    dst[1] = (uint8_t)((range * saturations[value] + (1 << 11)) >> 12);
    dst[2] = (uint8_t)value;
  }
}

MM_FUSED_CLONES void mm_image_to_hsv_f32(const float *src, size_t pixels, int blue_first, float *dst) {
  const float tiny = 1.1920928955078125e-7f;
  int blue = blue_first ? 0 : 2;
  for (size_t i = 0; i < pixels; i++, src += 3, dst += 3) {
    float b = src[blue], g = src[1], r = src[2 - blue];
    float value = fmaxf(fmaxf(r, g), b), range = value - fminf(fminf(r, g), b);
    float scale = 60.f / (range + tiny);
    float hue = value == r   ? (g < b ? fmaf(g - b, scale, 360.f) : (g - b) * scale)
                : value == g ? fmaf(b - r, scale, 120.f)
                             : fmaf(r - g, scale, 240.f);
    dst[0] = hue;
    dst[1] = range / (fabsf(value) + tiny);
    dst[2] = value;
  }
}

// Which of value, p, q, t makes blue, green and red in each sixth of the circle.
static const uint8_t sectors[6][3] = {{1, 3, 0}, {1, 0, 2}, {3, 0, 1}, {0, 2, 1}, {0, 1, 3}, {2, 1, 0}};

MM_INLINE void from_hsv(float hue, float saturation, float value, float scale, float *bgr) {
  float sixth = hue * scale, whole = truncf(sixth), part = sixth - whole, left = fmodf(whole, 6.f);
  int sector = left > 0 && left < 6 ? (int)left : 0;  // 0 for negative hues too, as OpenCV has it
  float parts[4] = {
      value, value * (1.f - saturation), value * fmaf(-saturation, part, 1.f),
      value * fmaf(-saturation, 1.f - part, 1.f)};
  for (int c = 0; c < 3; c++) bgr[c] = parts[sectors[sector][c]];
}

// OpenCV (with AVX2) truncates the results of whole groups of 32 pixels and rounds what is left of a row; so does this.
MM_FUSED_CLONES void mm_image_from_hsv_u8(
    const uint8_t *src, size_t width, size_t height, int blue_first, uint8_t *dst) {
  int blue = blue_first ? 0 : 2;
  for (size_t y = 0; y < height; y++)
    for (size_t x = 0; x < width; x++, src += 3, dst += 3) {
      float bgr[3];
      int rounds = x >= width / 32 * 32;
      from_hsv((float)src[0], (float)src[1] * (1.f / 255.f), (float)src[2] * (1.f / 255.f), 6.f / 180.f, bgr);
      for (int c = 0; c < 3; c++) {
        float value = bgr[c] * 255.f;
        if (rounds) value = rintf(value);
        bgr[c] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
      dst[blue] = (uint8_t)bgr[0];
      dst[1] = (uint8_t)bgr[1];
      dst[2 - blue] = (uint8_t)bgr[2];
    }
}

MM_FUSED_CLONES void mm_image_from_hsv_f32(const float *src, size_t pixels, int blue_first, float *dst) {
  int blue = blue_first ? 0 : 2;
  for (size_t i = 0; i < pixels; i++, src += 3, dst += 3) {
    float bgr[3];
    from_hsv(src[0], src[1], src[2], 6.f / 360.f, bgr);
    dst[blue] = bgr[0];
    dst[1] = bgr[1];
    dst[2 - blue] = bgr[2];
  }
}
