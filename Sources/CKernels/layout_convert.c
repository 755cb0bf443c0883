// Conversions between number formats, and images to floats.
#include "math_flat.h"
#include "math_inline.h"
#include "mm_layout.h"
#include "mm_pool.h"

// f16 and bf16 by integer arithmetic: no instruction set needs to know them.
MM_INLINE float half_to_float(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = (uint32_t)(h & 0x7fff) << 13;
  // Multiplying by 2^112 moves the exponent's bias and makes denormals normal.
  uint32_t u = mm_bits(mm_from_bits(rest) * 5.192296858534828e33f);
  u = rest >= 0x0f800000 ? rest | 0x7f800000 : u;
  return mm_from_bits(sign | u);
}
MM_INLINE uint16_t float_to_half(float x) {
  uint32_t u = mm_bits(x), sign = u >> 16 & 0x8000, a = u & 0x7fffffff;
  uint32_t normal = (a - 0x38000000 + 0xfff + (a >> 13 & 1)) >> 13;
  // Adding 0.5 leaves a denormal half's bits, rounded, at the bottom of the sum.
  uint32_t denormal = mm_bits(mm_from_bits(a) + 0.5f) - 0x3f000000;
  uint32_t h = a < 0x38800000 ? denormal : normal;
  h = a >= 0x477ff000 ? 0x7c00 : h;
  h = a > 0x7f800000 ? 0x7e00 | (a >> 13 & 0x3ff) : h;
  return (uint16_t)(sign | h);
}
MM_INLINE float brain_to_float(uint16_t h) { return mm_from_bits((uint32_t)h << 16); }
MM_INLINE uint16_t float_to_brain(float x) {
  uint32_t u = mm_bits(x);
  return (uint16_t)(x != x ? 0x7fc0 : (u + 0x7fff + (u >> 16 & 1)) >> 16);
}
// To f16 or bf16 from double without rounding twice: round to odd on the way.
MM_INLINE float odd_float(double v) {
  float f = (float)v;
  uint32_t u = mm_bits(f);
  if ((double)f == v || f != f || mm_abs(f) == INFINITY) return f;
  int away = v > 0 ? (double)f > v : (double)f < v;
  return mm_from_bits((u - (uint32_t)away) | 1);
}

MM_INLINE int64_t to_i64(double v) {
  if (v != v) return 0;
  if (v >= 9223372036854775808.0) return INT64_MAX;
  return v < -9223372036854775808.0 ? INT64_MIN : (int64_t)v;
}
MM_INLINE int32_t to_i32(double v) {
  if (v != v) return 0;
  return v >= 2147483647.0 ? INT32_MAX : v <= -2147483648.0 ? INT32_MIN : (int32_t)v;
}
MM_INLINE uint8_t to_u8(double v) { return (uint8_t)(v != v || v <= 0 ? 0 : v >= 255 ? 255 : (int)v); }

// READ and WRITE of a format: by float (F), by double (D) or by integer (I).
#define LOOP(name, in_type, out_type, value)                                                                 \
  MM_CLONES static void name(long n, const mm_flat *f) {                                                     \
    const in_type *x = f->in[0];                                                                             \
    out_type *y = f->out[0];                                                                                 \
    MM_LOOP for (long i = 0; i < n; i++) y[i] = (out_type)(value);                                           \
  }
#define FROM_FLOATING(name, in_type, single, wide, odd)                                                      \
  LOOP(name##_f32, in_type, float, single(x[i]))                                                             \
  LOOP(name##_f16, in_type, uint16_t, float_to_half(odd(x[i])))                                              \
  LOOP(name##_bf16, in_type, uint16_t, float_to_brain(odd(x[i])))                                            \
  LOOP(name##_f64, in_type, double, wide(x[i]))                                                              \
  LOOP(name##_i64, in_type, int64_t, to_i64(wide(x[i])))                                                     \
  LOOP(name##_i32, in_type, int32_t, to_i32(wide(x[i])))                                                     \
  LOOP(name##_u8, in_type, uint8_t, to_u8(wide(x[i])))                                                       \
  LOOP(name##_bool, in_type, uint8_t, wide(x[i]) != 0)
#define SAME(v) (v)
FROM_FLOATING(f32, float, SAME, SAME, SAME)
FROM_FLOATING(f16, uint16_t, half_to_float, half_to_float, half_to_float)
FROM_FLOATING(bf16, uint16_t, brain_to_float, brain_to_float, brain_to_float)
FROM_FLOATING(f64, double, (float), SAME, odd_float)

// A 64-bit integer as a double that rounds to f16 and bf16 as the integer itself would.
MM_INLINE float odd_integer(int64_t v) {
  float f = (float)v;
  if (f >= 9.2e18f || f <= -9.2e18f || (int64_t)f == v) return f;
  int away = v > 0 ? (int64_t)f > v : (int64_t)f < v;
  return mm_from_bits((mm_bits(f) - (uint32_t)away) | 1);
}
#define FROM_INTEGER(name, in_type)                                                                          \
  LOOP(name##_f32, in_type, float, x[i])                                                                     \
  LOOP(name##_f16, in_type, uint16_t, float_to_half(odd_integer(x[i])))                                      \
  LOOP(name##_bf16, in_type, uint16_t, float_to_brain(odd_integer(x[i])))                                    \
  LOOP(name##_f64, in_type, double, x[i])                                                                    \
  LOOP(name##_i64, in_type, int64_t, x[i])                                                                   \
  LOOP(name##_i32, in_type, int32_t, x[i])                                                                   \
  LOOP(name##_u8, in_type, uint8_t, x[i])                                                                    \
  LOOP(name##_bool, in_type, uint8_t, x[i] != 0)
FROM_INTEGER(i64, int64_t)
FROM_INTEGER(i32, int32_t)
FROM_INTEGER(u8, uint8_t)

#define LINE(name) {name##_f32, name##_f16, name##_bf16, name##_f64, name##_i64, name##_i32, name##_u8, name##_bool}
static const mm_flat_fn table[8][8] = {LINE(f32), LINE(f16), LINE(bf16), LINE(f64),
                                       LINE(i64), LINE(i32), LINE(u8),   LINE(u8)};
static const unsigned char sizes[8] = {4, 2, 2, 8, 8, 4, 1, 1};

void mm_convert(long n, mm_dtype from, const void *x, mm_dtype to, void *y) {
  if (n <= 0) return;
  if (from == to) {
    mm_strided_copy(sizes[from], 1, &n, (long[]){1}, x, (long[]){1}, y);
    return;
  }
  mm_flat_run(table[from][to], n, MM_CHUNK_LIGHT,
              &(mm_flat){.in = {x}, .in_size = {sizes[from]}, .out = {y}, .out_size = {sizes[to]}});
}

struct image {
  long w, c, stride;
  int swap;
  const uint8_t *x;
  const float *mean, *inv_std;
  float *y;
};

MM_CLONES static void normalize_row(const struct image *s, const uint8_t *x, float *y) {
  float mean[4], scale[4];
  for (long k = 0; k < s->c; k++) {
    mean[k] = s->mean[k];
    scale[k] = s->inv_std[k];
  }
  if (s->c == 3) {
    const int first = s->swap ? 2 : 0, third = 2 - first;
    const float m0 = mean[0], m1 = mean[1], m2 = mean[2], s0 = scale[0], s1 = scale[1], s2 = scale[2];
    MM_LOOP for (long i = 0; i < s->w; i++) {
      const float a = x[3 * i + first], b = x[3 * i + 1], c = x[3 * i + third];
      y[3 * i] = (a - m0) * s0;
      y[3 * i + 1] = (b - m1) * s1;
      y[3 * i + 2] = (c - m2) * s2;
    }
    return;
  }
  for (long i = 0; i < s->w; i++)
    for (long k = 0; k < s->c; k++)
      y[i * s->c + k] = ((float)x[i * s->c + (s->swap ? s->c - 1 - k : k)] - mean[k]) * scale[k];
}

static void image_task(void *context, int task, int worker) {
  (void)worker;
  const struct image *s = context;
  normalize_row(s, s->x + task * s->stride, s->y + task * s->w * s->c);
}

void mm_normalize_image(long h, long w, long c, long stride, const uint8_t *x, const float *mean,
                        const float *inv_std, int swap, float *y) {
  struct image s = {w, c, stride, swap, x, mean, inv_std, y};
  mm_parallel((int)h, image_task, &s);
}
