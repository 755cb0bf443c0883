// Bilinear resampling of bytes in OpenCV's fixed-point arithmetic: weights of 11 bits; a horizontal sum is kept with
// 7 fractional bits in 16, the products of the vertical sum with 2.
#include "image_resize.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef struct {
  int32_t offset;  // of the left pixel in a row, in samples
  int16_t left, right;
} tap;

static void horizontal(
    const uint8_t *src, const tap *taps, int from, int to, int sw, int channels, int16_t *dst) {
  for (int x = from; x < to; x++) {
    const uint8_t *pixel = src + taps[x].offset;
    int left = taps[x].left, right = taps[x].right;
    int next = taps[x].offset + channels < sw * channels ? channels : 0;
    for (int c = 0; c < channels; c++)
      dst[x * channels + c] = (int16_t)((pixel[c] * left + pixel[next + c] * right) >> 4);
  }
}

static void horizontal1(const uint8_t *src, const tap *taps, int from, int to, int16_t *dst) {
  for (int x = from; x < to; x++) {
    const uint8_t *pixel = src + taps[x].offset;
    dst[x] = (int16_t)((pixel[0] * taps[x].left + pixel[1] * taps[x].right) >> 4);
  }
}

#if defined(__x86_64__)
// Two pixels of 8 bytes each, in two lanes, times their pairs of weights: 4 sums a lane.
__attribute__((target("avx2"), always_inline)) static inline __m256i two(
    const uint8_t *src, const tap *a, const tap *b, __m128i pairs) {
  __m128i bytes = _mm_loadl_epi64((const __m128i *)(src + a->offset));
  bytes = _mm_castpd_si128(_mm_loadh_pd(_mm_castsi128_pd(bytes), (const double *)(const void *)(src + b->offset)));
  __m256i samples = _mm256_cvtepu8_epi16(_mm_shuffle_epi8(bytes, pairs));
  int32_t wa, wb;
  memcpy(&wa, &a->left, 4);
  memcpy(&wb, &b->left, 4);
  __m256i weights = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_set1_epi32(wa)), _mm_set1_epi32(wb), 1);
  return _mm256_srai_epi32(_mm256_madd_epi16(samples, weights), 4);
}

// Four pixels a step; writes up to 4 samples past the last one, reads 8 bytes a pixel.
__attribute__((target("avx2"))) static int horizontal3_avx2(
    const uint8_t *src, const tap *taps, int from, int to, int16_t *dst) {
  __m128i pairs = _mm_setr_epi8(0, 3, 1, 4, 2, 5, -1, -1, 8, 11, 9, 12, 10, 13, -1, -1);
  __m256i close = _mm256_setr_epi8(
      0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1);
  int x = from;
  for (; x + 4 <= to; x += 4) {
    __m256i sums = _mm256_packs_epi32(
        two(src, taps + x, taps + x + 2, pairs), two(src, taps + x + 1, taps + x + 3, pairs));
    sums = _mm256_shuffle_epi8(sums, close);
    _mm_storeu_si128((__m128i *)(dst + 3 * x), _mm256_castsi256_si128(sums));
    _mm_storeu_si128((__m128i *)(dst + 3 * x + 6), _mm256_extracti128_si256(sums, 1));
  }
  return x;
}

__attribute__((target("avx2"))) static int horizontal4_avx2(
    const uint8_t *src, const tap *taps, int from, int to, int16_t *dst) {
  __m128i pairs = _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
  int x = from;
  for (; x + 4 <= to; x += 4) {
    __m256i sums = _mm256_packs_epi32(
        two(src, taps + x, taps + x + 2, pairs), two(src, taps + x + 1, taps + x + 3, pairs));
    _mm256_storeu_si256((__m256i *)(dst + 4 * x), sums);
  }
  return x;
}
#endif

MM_CLONES static void vertical(
    const int16_t *restrict upper, const int16_t *restrict lower, int above, int below, int count,
    uint8_t *restrict dst) {
  for (int x = 0; x < count; x++)
    dst[x] = (uint8_t)((((upper[x] * above) >> 16) + ((lower[x] * below) >> 16) + 2) >> 2);
}

void mm_resize_linear_u8(
    const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh, int area) {
  double inverse_x = (double)dw / sw, inverse_y = (double)dh / sh;
  double scale_x = 1 / inverse_x, scale_y = 1 / inverse_y;
  tap *taps = mm_scratch(MM_IMAGE_TABLES, (size_t)dw * sizeof *taps);
  // Destination pixels 0..<inner have a right neighbour; 0..<wide may read 8 bytes.
  int inner = 0, wide = 0;
  for (int x = 0; x < dw; x++) {
    float f;
    int at = mm_position(x, scale_x, inverse_x, area, &f);
    if (at < 0) at = 0, f = 0;
    if (at >= sw - 1) at = sw - 1, f = 0;
    taps[x] = (tap){at * channels, (int16_t)rintf((1 - f) * 2048), (int16_t)rintf(f * 2048)};
    if (at < sw - 1) inner = x + 1;
    if (at * channels + 8 <= sw * channels) wide = x + 1;
  }
  int count = dw * channels;
  size_t stride = mm_aligned(((size_t)count + 16) * sizeof(int16_t)) / sizeof(int16_t);
  int16_t *block = mm_scratch(MM_IMAGE_ROWS, 2 * stride * sizeof(int16_t));
  int16_t *rows[2] = {block, block + stride};
  int have[2] = {-1, -1};
#if defined(__x86_64__)
  int avx2 = __builtin_cpu_supports("avx2") != 0;
#endif
  for (int y = 0; y < dh; y++) {
    float f;
    int at = mm_position(y, scale_y, inverse_y, area, &f);
    int need[2] = {mm_clamp(at, 0, sh - 1), mm_clamp(at + 1, 0, sh - 1)};
    if (have[0] != need[0] && have[1] == need[0]) {
      int16_t *row = rows[0];
      rows[0] = rows[1], rows[1] = row;
      have[1] = have[0], have[0] = need[0];
    }
    for (int k = 0; k < 2; k++) {
      if (have[k] == need[k]) continue;
      if (k == 1 && need[1] == need[0]) {
        memcpy(rows[1], rows[0], (size_t)count * sizeof(int16_t));
        have[1] = need[1];
        continue;
      }
      const uint8_t *line = src + (size_t)need[k] * (size_t)sw * (size_t)channels;
      int x = 0;
#if defined(__x86_64__)
      if (avx2 && channels == 3) x = horizontal3_avx2(line, taps, 0, wide, rows[k]);
      if (avx2 && channels == 4) x = horizontal4_avx2(line, taps, 0, wide, rows[k]);
#endif
      if (channels == 1 && x < inner) {
        horizontal1(line, taps, x, inner, rows[k]);
        x = inner;
      }
      horizontal(line, taps, x, dw, sw, channels, rows[k]);
      have[k] = need[k];
    }
    vertical(
        rows[0], rows[1], (int)rintf((1 - f) * 2048), (int)rintf(f * 2048), count, dst + (size_t)y * (size_t)count);
  }
}
