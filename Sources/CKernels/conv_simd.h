// The vectors that the kernel templates are written in. Included once by each instruction set's file, inside of its
// target attribute, with VL, the floats of a vector, defined.
#pragma clang fp contract(fast)

typedef float V __attribute__((ext_vector_type(VL)));
typedef int VI __attribute__((ext_vector_type(VL)));
typedef float VU __attribute__((ext_vector_type(VL), aligned(4)));  // an unaligned vector in memory

#define INLINE static inline __attribute__((always_inline))

INLINE V load(const float *p) { return *(const VU *)p; }
INLINE void store(float *p, V v) { *(VU *)p = v; }

// The first n of a vector; the rest is zero. n may be negative or exceed the vector.
INLINE V load_part(const float *p, int n) {
  if (n >= VL) return load(p);
#if defined(MM_AVX512)
  return n <= 0 ? (V)(0.0f) : (V)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif defined(MM_AVX2)
  if (n <= 0) return (V)(0.0f);
  return (V)_mm256_maskload_ps(p, _mm256_loadu_si256((const __m256i *)(mask_table + 8 - n)));
#else
  V v = (V)(0.0f);
  for (int i = 0; i < n; i++) v[i] = p[i];
  return v;
#endif
}

INLINE void store_part(float *p, V v, int n) {
  if (n >= VL) {
    store(p, v);
    return;
  }
#if defined(MM_AVX512)
  if (n > 0) _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif defined(MM_AVX2)
  if (n > 0) _mm256_maskstore_ps(p, _mm256_loadu_si256((const __m256i *)(mask_table + 8 - n)), (__m256)v);
#else
  for (int i = 0; i < n; i++) p[i] = v[i];
#endif
}

INLINE V splat(float x) { return (V)(x); }
// NaN in x stays NaN.
INLINE V at_least(V x, float low) { return splat(low) > x ? splat(low) : x; }
INLINE V at_most(V x, float high) { return splat(high) < x ? splat(high) : x; }

// exp by 2^n * p(r), r in [-ln2/2, ln2/2]; relative error about 1e-7; the argument is held within [-87, 88].
INLINE V exp_v(V x) {
  x = at_most(at_least(x, -87.0f), 88.0f);
  V n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;  // rounds to the nearest integer
  V r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  V p = splat(1.9875691500e-4f) * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 0.5f;
  p = p * (r * r) + (r + 1.0f);
  VI bits = __builtin_convertvector(n, VI) << 23;
  return (V)((VI)p + bits);
}

// erf by Abramowitz and Stegun 7.1.26, absolute error 1.5e-7.
INLINE V erf_v(V x) {
  V z = x < splat(0.0f) ? -x : x;
  V t = splat(1.0f) / (z * 0.3275911f + 1.0f);
  V p = splat(1.061405429f) * t + -1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t + -0.284496736f;
  p = p * t + 0.254829592f;
  V e = splat(1.0f) - p * t * exp_v(-z * z);
  return x < splat(0.0f) ? -e : e;
}

INLINE V activate(V x, mm_activation act, float param) {
  switch (act) {
    case MM_ACT_NONE: return x;
    case MM_ACT_RELU: return at_least(x, 0.0f);
    case MM_ACT_RELU6: return at_most(at_least(x, 0.0f), 6.0f);
    case MM_ACT_LEAKY_RELU: return splat(0.0f) < x ? x : x * param;
    case MM_ACT_CLIP: return at_most(at_least(x, 0.0f), param);
    case MM_ACT_SILU: return x / (exp_v(-x) + 1.0f);
    case MM_ACT_HSWISH: return x * at_most(at_least(x + 3.0f, 0.0f), 6.0f) / 6.0f;
    case MM_ACT_SIGMOID: return splat(1.0f) / (exp_v(-x) + 1.0f);
    case MM_ACT_GELU: return x * 0.5f * (erf_v(x * 0.70710678f) + 1.0f);
  }
  return x;
}

static __attribute__((noinline)) void activate_all(V *x, int n, mm_activation act, float param) {
  for (int i = 0; i < n; i++) x[i] = activate(x[i], act, param);
}
