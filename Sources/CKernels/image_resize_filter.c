// Bicubic and Lanczos resampling, and everything on f32: filters of 2, 4 or 8 taps an axis.
#include "image_resize.h"

enum { MAX_TAPS = 8 };

// Weights of OpenCV's Lanczos filter over 8 pixels, x in 0..<1 from the fourth of them.
void mm_lanczos_weights(float x, float *weights) {
  const double half = 0.70710678118654752440084436210485;
  const double turns[8][2] = {{1, 0},  {-half, -half}, {0, 1},  {half, -half},
                              {-1, 0}, {half, half},   {0, -1}, {-half, half}};
  double start = -(x + 3) * 3.1415926535897932384626433832795 * 0.25, sine = sin(start), cosine = cos(start);
  float sum = 0;
  for (int i = 0; i < 8; i++) {
    float away = x + 3 - (float)i;
    if (fabsf(away) >= 1e-6f) {
      double y = -away * 3.1415926535897932384626433832795 * 0.25;
      weights[i] = (float)((turns[i][0] * sine + turns[i][1] * cosine) / (y * y));
    } else {
      weights[i] = 1e30f;  // x is this pixel: it outweighs the others
    }
    sum += weights[i];
  }
  sum = 1.f / sum;
  for (int i = 0; i < 8; i++) weights[i] *= sum;
}

// Keys' cubic convolution with a = -0.75.
static void cubic_weights(float x, float *weights) {
  const float a = -0.75f;
  weights[0] = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
  weights[1] = ((a + 2) * x - (a + 3)) * x * x + 1;
  weights[2] = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1;
  weights[3] = 1 - weights[0] - weights[1] - weights[2];
}

typedef struct {
  int taps;
  int32_t *offsets;  // taps a pixel, clamped, in samples
  float *weights;    // taps a pixel
} axis;

static size_t axis_bytes(int d, int taps) { return 2 * mm_aligned((size_t)d * (size_t)taps * 4); }

// Linear and cubic positions are taken in double, as IPP does; the others in float, as OpenCV's own loops do.
static axis make_axis(char *memory, int s, int d, int step, int method) {
  int taps = method == MM_SCALE_LANCZOS ? 8 : method == MM_SCALE_CUBIC ? 4 : 2;
  axis out = {taps, (int32_t *)memory, (float *)(memory + axis_bytes(d, taps) / 2)};
  double inverse = (double)d / s, scale = 1 / inverse;
  for (int i = 0; i < d; i++) {
    float f;
    int at;
    if (method == MM_SCALE_LINEAR || method == MM_SCALE_CUBIC) {
      double x = (i + 0.5) * scale - 0.5, whole = floor(x);
      at = (int)whole;
      f = (float)(x - whole);
    } else {
      at = mm_position(i, scale, inverse, method == MM_SCALE_AREA, &f);
    }
    float *weights = out.weights + (size_t)i * (size_t)taps;
    if (taps == 8)
      mm_lanczos_weights(f, weights);
    else if (taps == 4)
      cubic_weights(f, weights);
    else
      weights[0] = 1 - f, weights[1] = f;
    for (int k = 0; k < taps; k++)
      out.offsets[i * taps + k] = mm_clamp(at - taps / 2 + 1 + k, 0, s - 1) * step;
  }
  return out;
}

#define ROW_LOOP(T, N, TAPS)                                                 \
  for (int x = 0; x < dw; x++) {                                             \
    const int32_t *at = across.offsets + x * TAPS;                           \
    const float *w = across.weights + x * TAPS;                              \
    for (int c = 0; c < N; c++) {                                            \
      float sum = (float)src[at[0] + c] * w[0];                              \
      for (int k = 1; k < TAPS; k++) sum += (float)src[at[k] + c] * w[k];    \
      dst[x * N + c] = sum;                                                  \
    }                                                                        \
  }
#define ROW_TAPS(T, TAPS)                     \
  switch (channels) {                         \
    case 1: ROW_LOOP(T, 1, TAPS) break;       \
    case 3: ROW_LOOP(T, 3, TAPS) break;       \
    case 4: ROW_LOOP(T, 4, TAPS) break;       \
    default: ROW_LOOP(T, channels, TAPS)      \
  }
#define ROW(T, NAME)                                                                                   \
  static void NAME(const T *restrict src, axis across, int dw, int channels, float *restrict dst) {    \
    if (across.taps == 2) ROW_TAPS(T, 2)                                                               \
    else if (across.taps == 4) ROW_TAPS(T, 4)                                                          \
    else ROW_TAPS(T, 8)                                                                                \
  }
ROW(uint8_t, row_u8)
ROW(float, row_f32)

typedef uint8_t bytes4 __attribute__((vector_size(4), aligned(1)));
typedef float floats4 __attribute__((vector_size(16)));

// Four taps of 3 or 4 channels at once: reads 4 bytes a tap and writes 4 floats a pixel, in order, so that what is
// written past a pixel of 3 is overwritten by the next. Sums in the same order as the plain loop.
MM_CLONES static void cubic_row(
    const uint8_t *restrict src, axis across, int sw, int dw, int channels, float *restrict dst) {
  int end = sw * channels;
  for (int x = 0; x < dw; x++) {
    const int32_t *at = across.offsets + x * 4;
    const float *w = across.weights + x * 4;
    float *to = dst + (size_t)x * (size_t)channels;
    if (at[3] + 4 <= end) {
      floats4 sum = __builtin_convertvector(*(const bytes4 *)(src + at[0]), floats4) * w[0];
      sum += __builtin_convertvector(*(const bytes4 *)(src + at[1]), floats4) * w[1];
      sum += __builtin_convertvector(*(const bytes4 *)(src + at[2]), floats4) * w[2];
      sum += __builtin_convertvector(*(const bytes4 *)(src + at[3]), floats4) * w[3];
      memcpy(to, &sum, sizeof sum);
    } else {
      for (int c = 0; c < channels; c++) {
        float sum = (float)src[at[0] + c] * w[0];
        for (int k = 1; k < 4; k++) sum += (float)src[at[k] + c] * w[k];
        to[c] = sum;
      }
    }
  }
}

MM_INLINE float column(float *const *rows, const float *w, int taps, int i) {
  float sum = rows[0][i] * w[0];
  for (int k = 1; k < taps; k++) sum += rows[k][i] * w[k];
  return sum;
}
MM_CLONES static void columns_f32(float *const *rows, const float *w, int taps, int n, float *restrict dst) {
  if (taps == 2)
    for (int i = 0; i < n; i++) dst[i] = column(rows, w, 2, i);
  else if (taps == 4)
    for (int i = 0; i < n; i++) dst[i] = column(rows, w, 4, i);
  else
    for (int i = 0; i < n; i++) dst[i] = column(rows, w, 8, i);
}
MM_CLONES static void columns_u8(float *const *rows, const float *w, int n, uint8_t *restrict dst) {
  const float *restrict a = rows[0], *restrict b = rows[1], *restrict c = rows[2], *restrict d = rows[3];
  float wa = w[0], wb = w[1], wc = w[2], wd = w[3];
  for (int i = 0; i < n; i++) dst[i] = mm_saturate(((a[i] * wa + b[i] * wb) + c[i] * wc) + d[i] * wd);
}

static void filter(
    const void *src, int is_float, int sw, int sh, int channels, void *dst, int dw, int dh, int method) {
  int taps = method == MM_SCALE_LANCZOS ? 8 : method == MM_SCALE_CUBIC ? 4 : 2;
  char *tables = mm_scratch(MM_IMAGE_TABLES, axis_bytes(dw, taps) + axis_bytes(dh, taps));
  axis across = make_axis(tables, sw, dw, channels, method);
  axis down = make_axis(tables + axis_bytes(dw, taps), sh, dh, 1, method);
  int n = dw * channels;
  size_t stride = mm_aligned(((size_t)n + 4) * sizeof(float)) / sizeof(float);
  float *block = mm_scratch(MM_IMAGE_ROWS, (size_t)taps * stride * sizeof(float));
  // Row y of the source is kept in slot y % taps: a window of `taps` rows never collides.
  int have[MAX_TAPS];
  for (int k = 0; k < taps; k++) have[k] = -1;
  for (int y = 0; y < dh; y++) {
    float *rows[MAX_TAPS];
    for (int k = 0; k < taps; k++) {
      int need = down.offsets[y * taps + k], slot = need % taps;
      rows[k] = block + (size_t)slot * stride;
      if (have[slot] == need) continue;
      have[slot] = need;
      size_t offset = (size_t)need * (size_t)sw * (size_t)channels;
      if (is_float)
        row_f32((const float *)src + offset, across, dw, channels, rows[k]);
      else if (channels >= 3 && taps == 4)
        cubic_row((const uint8_t *)src + offset, across, sw, dw, channels, rows[k]);
      else
        row_u8((const uint8_t *)src + offset, across, dw, channels, rows[k]);
    }
    const float *w = down.weights + y * taps;
    if (is_float)
      columns_f32(rows, w, taps, n, (float *)dst + (size_t)y * (size_t)n);
    else
      columns_u8(rows, w, n, (uint8_t *)dst + (size_t)y * (size_t)n);
  }
}

void mm_resize_filter_f32(
    const float *src, int sw, int sh, int channels, float *dst, int dw, int dh, int method) {
  filter(src, 1, sw, sh, channels, dst, dw, dh, method);
}

void mm_resize_cubic_u8(const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh) {
  filter(src, 0, sw, sh, channels, dst, dw, dh, MM_SCALE_CUBIC);
}

// Lanczos on bytes is fixed point: weights of 11 bits an axis, one rounding at the end.
static void lanczos_row(const uint8_t *src, axis across, const int16_t *weights, int dw, int channels, int32_t *dst) {
  for (int x = 0; x < dw; x++)
    for (int c = 0; c < channels; c++) {
      int32_t sum = 0;
      for (int k = 0; k < 8; k++) sum += src[across.offsets[x * 8 + k] + c] * weights[x * 8 + k];
      dst[x * channels + c] = sum;
    }
}

MM_CLONES static void lanczos_columns(int32_t *const *rows, const int16_t *w, int n, uint8_t *restrict dst) {
  for (int i = 0; i < n; i++) {
    int32_t sum = 1 << 21;
    for (int k = 0; k < 8; k++) sum += rows[k][i] * w[k];
    sum >>= 22;
    dst[i] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
  }
}

void mm_resize_lanczos_u8(const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh) {
  size_t axes = axis_bytes(dw, 8) + axis_bytes(dh, 8);
  char *tables = mm_scratch(MM_IMAGE_TABLES, axes + ((size_t)dw + (size_t)dh) * 8 * sizeof(int16_t));
  axis across = make_axis(tables, sw, dw, channels, MM_SCALE_LANCZOS);
  axis down = make_axis(tables + axis_bytes(dw, 8), sh, dh, 1, MM_SCALE_LANCZOS);
  int16_t *wx = (int16_t *)(tables + axes), *wy = wx + (size_t)dw * 8;
  for (int i = 0; i < dw * 8; i++) wx[i] = (int16_t)rintf(across.weights[i] * 2048);
  for (int i = 0; i < dh * 8; i++) wy[i] = (int16_t)rintf(down.weights[i] * 2048);
  int n = dw * channels;
  size_t stride = mm_aligned((size_t)n * sizeof(int32_t)) / sizeof(int32_t);
  int32_t *block = mm_scratch(MM_IMAGE_ROWS, 8 * stride * sizeof(int32_t));
  int have[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
  for (int y = 0; y < dh; y++) {
    int32_t *rows[8];
    for (int k = 0; k < 8; k++) {
      int need = down.offsets[y * 8 + k], slot = need % 8;
      rows[k] = block + (size_t)slot * stride;
      if (have[slot] == need) continue;
      have[slot] = need;
      lanczos_row(src + (size_t)need * (size_t)sw * (size_t)channels, across, wx, dw, channels, rows[k]);
    }
    lanczos_columns(rows, wy + y * 8, n, dst + (size_t)y * (size_t)n);
  }
}
