// Resampling as Pillow (up to version 12) does it for 8-bit images: antialiased, horizontally first, with bytes in
// between; weights are integers of 22 fractional bits.
#include "image_internal.h"

#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { BITS = 22 };
static const double pi = 3.14159265358979323846;

static double sinc(double x) { return x == 0 ? 1 : sin(x * pi) / (x * pi); }

static double weight_at(int filter, double x) {
  double a = fabs(x);
  switch (filter) {
    case MM_PILLOW_BOX: return x > -0.5 && x <= 0.5 ? 1 : 0;
    case MM_PILLOW_BILINEAR: return a < 1 ? 1 - a : 0;
    case MM_PILLOW_HAMMING:
      if (a == 0) return 1;
      if (a >= 1) return 0;
      a *= pi;
      return sin(a) / a * (0.54f + 0.46f * cos(a));
    case MM_PILLOW_BICUBIC:  // Keys' cubic convolution with a = -0.5
      if (a < 1) return ((-0.5 + 2.0) * a - (-0.5 + 3.0)) * a * a + 1;
      if (a < 2) return (((a - 5) * a + 8) * a - 4) * -0.5;
      return 0;
    default: return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
  }
}

static double support_of(int filter) {
  switch (filter) {
    case MM_PILLOW_BOX: return 0.5;
    case MM_PILLOW_BICUBIC: return 2;
    case MM_PILLOW_LANCZOS: return 3;
    default: return 1;
  }
}

typedef struct {
  int size;          // weights a position has room for
  int32_t *first;    // first source position
  int32_t *count;    // number of source positions
  int32_t *weights;  // `size` a position
} axis;

static int axis_size(int s, int d, int filter) {
  double scale = (double)(float)s / d;
  return (int)ceil(support_of(filter) * (scale < 1 ? 1 : scale)) * 2 + 1;
}
static size_t axis_bytes(int s, int d, int filter) {
  return 2 * mm_aligned((size_t)d * 4) + mm_aligned((size_t)d * (size_t)axis_size(s, d, filter) * 4) +
         mm_aligned((size_t)axis_size(s, d, filter) * 8);
}

static axis make_axis(char *memory, int s, int d, int filter) {
  axis out;
  out.size = axis_size(s, d, filter);
  out.first = (int32_t *)memory;
  out.count = (int32_t *)(memory + mm_aligned((size_t)d * 4));
  out.weights = (int32_t *)(memory + 2 * mm_aligned((size_t)d * 4));
  double *values = (double *)((char *)out.weights + mm_aligned((size_t)d * (size_t)out.size * 4));
  double scale = (double)(float)s / d, stretch = scale < 1 ? 1 : scale;
  double support = support_of(filter) * stretch, inverse = 1.0 / stretch;
  for (int i = 0; i < d; i++) {
    double center = (i + 0.5) * scale, total = 0;
    int low = (int)(center - support + 0.5), high = (int)(center + support + 0.5);
    if (low < 0) low = 0;
    if (high > s) high = s;
    int count = high - low;
    for (int k = 0; k < count; k++) {
      values[k] = weight_at(filter, (k + low - center + 0.5) * inverse);
      total += values[k];
    }
    int32_t *weights = out.weights + (size_t)i * (size_t)out.size;
    for (int k = 0; k < count; k++) {
      double w = (total != 0 ? values[k] / total : values[k]) * (1 << BITS);
      weights[k] = (int32_t)(w < 0 ? w - 0.5 : w + 0.5);
    }
    out.first[i] = low;
    out.count[i] = count;
  }
  return out;
}

MM_INLINE uint8_t clip(int32_t sum) {
  sum >>= BITS;
  return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

MM_INLINE void horizontal_plain(
    const uint8_t *src, const axis *across, int from, int to, int channels, uint8_t *dst) {
  for (int x = from; x < to; x++) {
    const int32_t *w = across->weights + (size_t)x * (size_t)across->size;
    const uint8_t *p = src + (size_t)across->first[x] * (size_t)channels;
    int32_t sums[4] = {1 << (BITS - 1), 1 << (BITS - 1), 1 << (BITS - 1), 1 << (BITS - 1)};
    for (int k = 0; k < across->count[x]; k++, p += channels)
      for (int c = 0; c < channels; c++) sums[c] += p[c] * w[k];
    for (int c = 0; c < channels; c++) dst[(size_t)x * (size_t)channels + (size_t)c] = clip(sums[c]);
  }
}

#if defined(__x86_64__)
// Two source pixels a step, each in its own lane. Reads 8 bytes a step: `safe` is where that would leave the row.
__attribute__((target("avx2"), always_inline)) static inline void horizontal_avx2(
    const uint8_t *src, const axis *across, int dw, int channels, const uint8_t *safe, uint8_t *dst) {
  __m128i spread = channels == 3 ? _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, -1, -1, -1, -1, -1, -1, -1, -1)
                                 : _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1);
  __m256i lanes = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  __m128i half = _mm_set1_epi32(1 << (BITS - 1));
  for (int x = 0; x < dw; x++) {
    const int32_t *w = across->weights + (size_t)x * (size_t)across->size;
    const uint8_t *p = src + (size_t)across->first[x] * (size_t)channels;
    int count = across->count[x], k = 0;
    __m256i sum = _mm256_setzero_si256();
    for (; k + 2 <= count && p <= safe; k += 2, p += 2 * channels) {
      __m128i bytes = _mm_shuffle_epi8(_mm_loadl_epi64((const __m128i *)p), spread);
      __m256i pair = _mm256_permutevar8x32_epi32(
          _mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(w + k))), lanes);
      sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(bytes), pair));
    }
    __m128i total = _mm_add_epi32(
        half, _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1)));
    for (; k < count; k++, p += channels) {
      __m128i pixel = _mm_setr_epi32(p[0], p[1], p[2], channels == 4 ? p[3] : 0);
      total = _mm_add_epi32(total, _mm_mullo_epi32(pixel, _mm_set1_epi32(w[k])));
    }
    total = _mm_srai_epi32(total, BITS);
    total = _mm_packus_epi16(_mm_packs_epi32(total, total), total);
    int32_t packed = _mm_cvtsi128_si32(total);
    memcpy(dst + (size_t)x * (size_t)channels, &packed, (size_t)channels);
  }
}
__attribute__((target("avx2"))) static void horizontal3_avx2(
    const uint8_t *src, const axis *across, int dw, const uint8_t *safe, uint8_t *dst) {
  horizontal_avx2(src, across, dw, 3, safe, dst);
}
__attribute__((target("avx2"))) static void horizontal4_avx2(
    const uint8_t *src, const axis *across, int dw, const uint8_t *safe, uint8_t *dst) {
  horizontal_avx2(src, across, dw, 4, safe, dst);
}
#endif

static void horizontal(const uint8_t *src, const axis *across, int sw, int dw, int channels, uint8_t *dst) {
#if defined(__x86_64__)
  if (channels > 1 && sw * channels >= 8 && __builtin_cpu_supports("avx2")) {
    const uint8_t *safe = src + (size_t)sw * (size_t)channels - 8;
    if (channels == 3)
      horizontal3_avx2(src, across, dw, safe, dst);
    else
      horizontal4_avx2(src, across, dw, safe, dst);
    return;
  }
#endif
  switch (channels) {
    case 1: horizontal_plain(src, across, 0, dw, 1, dst); break;
    case 3: horizontal_plain(src, across, 0, dw, 3, dst); break;
    default: horizontal_plain(src, across, 0, dw, 4, dst); break;
  }
}

typedef uint8_t bytes16 __attribute__((vector_size(16), aligned(1)));
typedef int32_t ints16 __attribute__((vector_size(64)));

// One row of the result: weighted sum of `count` rows of `n` bytes.
MM_CLONES static void vertical(
    const uint8_t *src, size_t n, const int32_t *weights, int count, uint8_t *dst) {
  size_t x = 0;
  for (; x + 64 <= n; x += 64) {
    ints16 sums[4];
    for (int j = 0; j < 4; j++) sums[j] = (ints16){0} + (1 << (BITS - 1));
    const uint8_t *p = src + x;
    for (int k = 0; k < count; k++, p += n) {
      int32_t w = weights[k];
      for (int j = 0; j < 4; j++)
        sums[j] += __builtin_convertvector(*(const bytes16 *)(p + 16 * j), ints16) * w;
    }
    for (int j = 0; j < 4; j++) {
      ints16 value = sums[j] >> BITS;
      ints16 over = value > 255;
      value = (value & (value >= 0) & ~over) | (over & 255);
      *(bytes16 *)(dst + x + 16 * j) = __builtin_convertvector(value, bytes16);
    }
  }
  for (; x < n; x++) {
    int32_t sum = 1 << (BITS - 1);
    for (int k = 0; k < count; k++) sum += src[(size_t)k * n + x] * weights[k];
    dst[x] = clip(sum);
  }
}

// Both passes in the usual order. `src` and `dst` must not overlap.
static void resample(
    const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh, int filter) {
  size_t in = (size_t)sw * (size_t)channels, out = (size_t)dw * (size_t)channels;
  size_t across_bytes = axis_bytes(sw, dw, filter);
  char *tables = mm_scratch(MM_IMAGE_TABLES, across_bytes + axis_bytes(sh, dh, filter));
  axis across = make_axis(tables, sw, dw, filter), down = make_axis(tables + across_bytes, sh, dh, filter);
  if (sh == dh) {
    for (int y = 0; y < sh; y++)
      horizontal(src + (size_t)y * in, &across, sw, dw, channels, dst + (size_t)y * out);
    return;
  }
  int top = down.first[0], bottom = down.first[dh - 1] + down.count[dh - 1];
  const uint8_t *rows = src + (size_t)top * in;
  if (sw != dw) {
    uint8_t *block = mm_scratch(MM_IMAGE_ROWS, (size_t)(bottom - top) * out + 16);
    for (int y = top; y < bottom; y++)
      horizontal(src + (size_t)y * in, &across, sw, dw, channels, block + (size_t)(y - top) * out);
    rows = block;
  }
  for (int y = 0; y < dh; y++)
    vertical(
        rows + (size_t)(down.first[y] - top) * out, out, down.weights + (size_t)y * (size_t)down.size, down.count[y],
        dst + (size_t)y * out);
}

// Truncated positions advance by repeated addition, which is what decides ties.
static void nearest(const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh) {
  double step_x = (double)(float)sw / dw, step_y = (double)(float)sh / dh;
  int32_t *from = mm_scratch(MM_IMAGE_TABLES, (size_t)dw * sizeof *from);
  double at = step_x * 0.5;
  for (int x = 0; x < dw; x++, at += step_x) from[x] = mm_clamp((int)at, 0, sw - 1) * channels;
  at = step_y * 0.5;
  for (int y = 0; y < dh; y++, at += step_y) {
    const uint8_t *row = src + (size_t)mm_clamp((int)at, 0, sh - 1) * (size_t)sw * (size_t)channels;
    uint8_t *to = dst + (size_t)y * (size_t)dw * (size_t)channels;
    if (channels == 1)
      for (int x = 0; x < dw; x++) to[x] = row[from[x]];
    else if (channels == 3)
      for (int x = 0; x < dw; x++) __builtin_memcpy(to + 3 * (size_t)x, row + from[x], 3);
    else
      for (int x = 0; x < dw; x++) memcpy(to + (size_t)x * (size_t)channels, row + from[x], (size_t)channels);
  }
}

// Colours times alpha, and back.
static void premultiply(const uint8_t *src, size_t pixels, uint8_t *dst) {
  for (size_t i = 0; i < pixels; i++, src += 4, dst += 4) {
    for (int c = 0; c < 3; c++) {
      int t = src[c] * src[3] + 128;
      dst[c] = (uint8_t)(((t >> 8) + t) >> 8);
    }
    dst[3] = src[3];
  }
}
static void divide_alpha(uint8_t *pixel, size_t pixels) {
  for (size_t i = 0; i < pixels; i++, pixel += 4) {
    int alpha = pixel[3];
    if (alpha == 0 || alpha == 255) continue;
    for (int c = 0; c < 3; c++) {
      int value = 255 * pixel[c] / alpha;
      pixel[c] = (uint8_t)(value > 255 ? 255 : value);
    }
  }
}

void mm_image_resize_pillow(
    const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh, int filter) {
  if (sw == dw && sh == dh) {
    memcpy(dst, src, (size_t)sw * (size_t)sh * (size_t)channels);
    return;
  }
  if (filter == MM_PILLOW_NEAREST) {
    nearest(src, sw, sh, channels, dst, dw, dh);
    return;
  }
  uint8_t *owned = NULL;
  if (channels == 4) {
    owned = malloc((size_t)sw * (size_t)sh * 4);
    if (!owned) abort();
    premultiply(src, (size_t)sw * (size_t)sh, owned);
    src = owned;
  }
  resample(src, sw, sh, channels, dst, dw, dh, filter);
  free(owned);
  if (channels == 4) divide_alpha(dst, (size_t)dw * (size_t)dh);
}
