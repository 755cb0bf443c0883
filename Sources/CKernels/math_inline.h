// What the kernels share: building for several instruction sets, and elementary functions that compilers vectorise.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__gnu_linux__)
// The function is built for AVX-512, for AVX2 with FMA, and for any x86-64; the machine's best is taken at run time.
// Its name must differ from every struct tag of the file: clang 21 crashes otherwise.
#define MM_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MM_CLONES
#endif
#define MM_INLINE static inline __attribute__((always_inline))
// Before a loop over elements: iterations do not depend on each other, also when arrays are the same.
#define MM_LOOP _Pragma("clang loop vectorize(assume_safety)")
// Before a loop of exactly sixteen elements.
#define MM_LOOP16 \
  _Pragma("clang loop vectorize(assume_safety) vectorize_width(8) interleave_count(2) unroll(disable)")
// Before a loop of exactly thirty-two.
#define MM_LOOP32 \
  _Pragma("clang loop vectorize(assume_safety) vectorize_width(8) interleave_count(4) unroll(disable)")
#pragma clang diagnostic ignored "-Wpass-failed"  // without optimisation loops stay as they are

// Sixteen lanes: one AVX-512 register, two of AVX2. Sums over lanes have one order on every machine.
typedef float mm_v16 __attribute__((vector_size(64), aligned(4)));
#define MM_LOAD16(p) (*(const mm_v16 *)(p))
typedef int32_t mm_i16 __attribute__((vector_size(64), aligned(4)));
// Lane by lane the larger (smaller); where b is NaN, a.
#define MM_MAX16(a, b) ((mm_v16)((((b) > (a)) & (mm_i16)(b)) | (~((b) > (a)) & (mm_i16)(a))))
#define MM_MIN16(a, b) ((mm_v16)((((b) < (a)) & (mm_i16)(b)) | (~((b) < (a)) & (mm_i16)(a))))
#define MM_STORE16(p, v) (*(mm_v16 *)(p) = (v))
// Adds the lanes of `v` (an mm_v16) into the lvalue `s`.
#define MM_SUM16(s, v)                                                                                       \
  do {                                                                                                       \
    const mm_v16 v_ = (v);                                                                                   \
    float a_[8];                                                                                             \
    for (int i_ = 0; i_ < 8; i_++) a_[i_] = v_[i_] + v_[i_ + 8];                                             \
    (s) += ((a_[0] + a_[4]) + (a_[1] + a_[5])) + ((a_[2] + a_[6]) + (a_[3] + a_[7]));                        \
  } while (0)

MM_INLINE uint32_t mm_bits(float x) {
  uint32_t u;
  memcpy(&u, &x, 4);
  return u;
}
MM_INLINE float mm_from_bits(uint32_t u) {
  float x;
  memcpy(&x, &u, 4);
  return x;
}
// 2^k for -126 <= k <= 127
MM_INLINE float mm_power_of_two(int32_t k) { return mm_from_bits((uint32_t)(k + 127) << 23); }
MM_INLINE float mm_abs(float x) { return mm_from_bits(mm_bits(x) & 0x7fffffff); }
MM_INLINE float mm_with_sign(float magnitude, float sign) {
  return mm_from_bits((mm_bits(magnitude) & 0x7fffffff) | (mm_bits(sign) & 0x80000000));
}
// NaN of the first argument passes.
MM_INLINE float mm_at_most(float x, float bound) { return x > bound ? bound : x; }
MM_INLINE float mm_at_least(float x, float bound) { return x < bound ? bound : x; }
// NaN of either passes.
MM_INLINE float mm_larger(float a, float b) { return a != a || a > b ? a : b; }
MM_INLINE float mm_smaller(float a, float b) { return a != a || a < b ? a : b; }

#define MM_ROUNDER 12582912.0f  // 1.5 * 2^23: adding and subtracting it rounds to an integer
#define MM_LN2_HIGH 0.693359375f
#define MM_LN2_LOW -2.12194440e-4f

// e^x, below 1 ulp; over- and underflow are gradual and exact.
MM_INLINE float mm_exp(float x) {
  x = mm_at_most(mm_at_least(x, -105.0f), 89.0f);
  float shifted = x * 1.44269504f + MM_ROUNDER;
  float k = shifted - MM_ROUNDER;
  float r = x - k * MM_LN2_HIGH;
  r = r - k * MM_LN2_LOW;
  float p = 1.9849524e-4f;
  p = p * r + 1.3933614e-3f;
  p = p * r + 8.3333729e-3f;
  p = p * r + 4.1666467e-2f;
  p = p * r + 1.6666667e-1f;
  p = p * r + 0.5f;
  p = p * (r * r) + r;
  p = p + 1.0f;
  // Scaling in two steps reaches denormals and stays below infinity where it must. NaN leaves garbage in k only.
  int32_t e = (int32_t)(mm_bits(shifted) & 0x7fffff) - 0x400000;
  int32_t half = e >> 1;
  return p * mm_power_of_two(half) * mm_power_of_two(e - half);
}

// e^x for -87 <= x <= 0, and e^-87 below.
MM_INLINE float mm_exp_negative(float x) {
  x = mm_at_least(x, -87.0f);
  float shifted = x * 1.44269504f + MM_ROUNDER;
  float k = shifted - MM_ROUNDER;
  float r = x - k * MM_LN2_HIGH;
  r = r - k * MM_LN2_LOW;
  float p = 1.3933614e-3f;
  p = p * r + 8.3333729e-3f;
  p = p * r + 4.1666467e-2f;
  p = p * r + 1.6666667e-1f;
  p = p * r + 0.5f;
  p = p * (r * r) + r;
  p = p + 1.0f;
  return mm_from_bits(mm_bits(p) + (mm_bits(shifted) << 23));
}

// e^x - 1, a few ulp, also near 0.
MM_INLINE float mm_expm1(float x) {
  float c = mm_at_most(mm_at_least(x, -20.0f), 89.0f);
  float shifted = c * 1.44269504f + MM_ROUNDER;
  float k = shifted - MM_ROUNDER;
  float r = c - k * MM_LN2_HIGH;
  r = r - k * MM_LN2_LOW;
  float p = 1.9849524e-4f;
  p = p * r + 1.3933614e-3f;
  p = p * r + 8.3333729e-3f;
  p = p * r + 4.1666467e-2f;
  p = p * r + 1.6666667e-1f;
  p = p * r + 0.5f;
  p = p * (r * r) + r;
  int32_t e = (int32_t)(mm_bits(shifted) & 0x7fffff) - 0x400000;
  float s = mm_power_of_two(e - 1);
  float y = 2.0f * (s * p + (s - 0.5f));
  return mm_abs(x) < 1e-30f ? x : y;
}

// ln x, about 1 ulp; denormals too.
MM_INLINE float mm_log(float x) {
  int tiny = x < 1.17549435e-38f;
  uint32_t u = mm_bits(tiny ? x * 8388608.0f : x) - 0x3f3504f3;
  float k = (float)((int32_t)u >> 23) - (tiny ? 23.0f : 0.0f);
  float f = mm_from_bits((u & 0x7fffff) + 0x3f3504f3) - 1.0f;
  float z = f * f;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  float y = f * z * p + k * MM_LN2_LOW;
  y = y - 0.5f * z;
  y = f + y;
  y = y + k * MM_LN2_HIGH;
  y = x < INFINITY ? y : x;  // infinity and NaN
  y = x == 0.0f ? -INFINITY : y;
  return x < 0.0f ? NAN : y;
}

// ln (1 + x), a few ulp, also near 0.
MM_INLINE float mm_log1p(float x) {
  float u = 1.0f + x;
  float lost = x - (u - 1.0f);
  float y = mm_log(u) + lost / u;
  return u == 1.0f || x == INFINITY || x == -1.0f ? (x == -1.0f ? -INFINITY : x) : y;
}

// 1 / (1 + e^-x)
MM_INLINE float mm_sigmoid(float x) { return 1.0f / (1.0f + mm_exp(-x)); }

// By e^2|x| - 1, which keeps relative accuracy near 0.
MM_INLINE float mm_tanh(float x) {
  float t = mm_expm1(2.0f * mm_at_most(mm_abs(x), 10.0f));
  return x != x ? x : mm_with_sign(t / (t + 2.0f), x);
}

// Half of e^(u^2) erfc(u) for 0 <= u <= 10.7, relative error 1e-8.
MM_INLINE float mm_half_erfcx(float u) {
  float t = 1.0f / (1.0f + 0.4f * u);
  float p = -0.02826668694615364f;
  p = p * t + 0.19082365930080414f;
  p = p * t - 0.48196178674697876f;
  p = p * t + 0.525052011013031f;
  p = p * t - 0.2658340334892273f;
  p = p * t + 0.2621706426143646f;
  p = p * t + 0.1330796629190445f;
  p = p * t + 0.21419565379619598f;
  p = p * t + 0.22503837943077087f;
  p = p * t + 0.22570250928401947f;
  return 0.5f * t * p;
}

// e^(-x^2 / 2) with full relative accuracy for |x| <= 13: the square is taken in two exact parts.
MM_INLINE float mm_exp_half_square(float x) {
  float high = mm_from_bits(mm_bits(x) & 0xfffff000);
  float low = (x - high) * (x + high);
  return mm_exp_negative(-0.5f * (high * high)) * (1.0f - 0.5f * low * (1.0f - 0.25f * low));
}

// The standard normal distribution function Phi(x), with relative accuracy in the lower tail, and e^(-x^2 / 2).
MM_INLINE float mm_normal_cdf(float x, float *density) {
  float a = mm_at_most(mm_abs(x), 15.0f);
  float e = mm_exp_half_square(a);
  float tail = e * mm_half_erfcx(a * 0.70710678f);
  *density = e;
  return x < 0.0f ? tail : 1.0f - tail;
}

MM_INLINE float mm_erf(float x) {
  float a = mm_at_most(mm_abs(x), 4.0f), z = a * a;
  float p = 7.853857823647559e-05f;
  p = p * z - 0.0008010192541405559f;
  p = p * z + 0.005188327748328447f;
  p = p * z - 0.026853810995817184f;
  p = p * z + 0.1128358542919159f;
  p = p * z - 0.3761262595653534f;
  p = p * z + 1.1283791065216064f;
  float large = 1.0f - 2.0f * mm_half_erfcx(a) * mm_exp(-z);
  return x != x ? x : mm_with_sign(a < 1.0f ? a * p : large, x);
}
