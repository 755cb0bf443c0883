// Functions of one element: forward.
#include "elementwise_unary.h"
#include "math_flat.h"
#include "math_inline.h"

// Defines forward_<name>, which sets y[i] to `value`, an expression in x and the parameters p.
#define FORWARD(name, value)                                                                                 \
  MM_CLONES static void forward_##name(long n, const mm_flat *f) {                                           \
    const float *in = f->in[0];                                                                              \
    float *out = f->out[0];                                                                                  \
    const float *q = f->context;                                                                             \
    const float p[4] = {q[0], q[1], q[2], q[3]};                                                             \
    (void)p;                                                                                                 \
    MM_LOOP for (long i = 0; i < n; i++) {                                                                   \
      const float x = in[i];                                                                                 \
      out[i] = (value);                                                                                      \
    }                                                                                                        \
  }

MM_INLINE float gelu_tanh(float x) {
  float z = 1.5957691216057308f * (x + 0.044715f * x * x * x);
  return x / (1.0f + mm_exp(-z));
}
// tanh(ln(1 + e)) = n / (n + 2) with n = e (e + 2)
MM_INLINE float mish(float x) {
  float e = mm_exp(mm_at_most(x, 20.0f)), n = e * (e + 2.0f);
  return x > 20.0f ? x : x * (n / (n + 2.0f));
}
MM_INLINE float gelu(float x) {
  float density;
  return x * mm_normal_cdf(x, &density);
}
// ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|)
MM_INLINE float softplus(float x, float beta, float threshold) {
  float z = x * beta;
  float y = (mm_at_least(z, 0.0f) + mm_log1p(mm_exp(-mm_abs(z)))) / beta;
  return z > threshold ? x : y;
}
MM_INLINE float hswish(float x) { return x * mm_at_most(mm_at_least(x + 3.0f, 0.0f), 6.0f) / 6.0f; }

FORWARD(neg, -x)
FORWARD(abs, mm_abs(x))
FORWARD(exp, mm_exp(x))
FORWARD(log, mm_log(x))
FORWARD(sqrt, __builtin_elementwise_sqrt(x))
FORWARD(rsqrt, 1.0f / __builtin_elementwise_sqrt(x))
FORWARD(reciprocal, 1.0f / x)
FORWARD(square, x *x)
FORWARD(sin, sinf(x))
FORWARD(cos, cosf(x))
FORWARD(sign, (float)(x > 0.0f) - (float)(x < 0.0f))
FORWARD(floor, __builtin_elementwise_floor(x))
FORWARD(ceil, __builtin_elementwise_ceil(x))
FORWARD(round, __builtin_elementwise_roundeven(x))
FORWARD(clamp, mm_at_most(mm_at_least(x, p[0]), p[1]))
FORWARD(relu, mm_at_least(x, 0.0f))
FORWARD(relu6, mm_at_most(mm_at_least(x, 0.0f), 6.0f))
FORWARD(leaky_relu, x > 0.0f ? x : x * p[0])
FORWARD(elu, x > 0.0f ? x : p[0] * mm_expm1(x))
FORWARD(sigmoid, mm_sigmoid(x))
FORWARD(tanh, mm_tanh(x))
FORWARD(silu, x / (1.0f + mm_exp(-x)))
FORWARD(hswish, hswish(x))
FORWARD(hsigmoid, mm_at_most(mm_at_least((x + p[0]) / p[1], p[2]), p[3]))
FORWARD(gelu, gelu(x))
FORWARD(gelu_tanh, gelu_tanh(x))
FORWARD(mish, mish(x))
FORWARD(softplus, softplus(x, p[0], p[1]))
FORWARD(erf, mm_erf(x))
FORWARD(log1p, mm_log1p(x))
FORWARD(expm1, mm_expm1(x))
FORWARD(pow, powf(x, p[0]))
FORWARD(cube, x *x *x)
FORWARD(log_sigmoid, mm_at_most(x, 0.0f) - mm_log1p(mm_exp(-mm_abs(x))))

static const struct {
  mm_flat_fn run;
  int chunk;
} table[] = {
    [MM_UNARY_NEG] = {forward_neg, MM_CHUNK_LIGHT},
    [MM_UNARY_ABS] = {forward_abs, MM_CHUNK_LIGHT},
    [MM_UNARY_EXP] = {forward_exp, MM_CHUNK_HEAVY},
    [MM_UNARY_LOG] = {forward_log, MM_CHUNK_HEAVY},
    [MM_UNARY_SQRT] = {forward_sqrt, MM_CHUNK_LIGHT},
    [MM_UNARY_RSQRT] = {forward_rsqrt, MM_CHUNK_LIGHT},
    [MM_UNARY_RECIPROCAL] = {forward_reciprocal, MM_CHUNK_LIGHT},
    [MM_UNARY_SQUARE] = {forward_square, MM_CHUNK_LIGHT},
    [MM_UNARY_SIN] = {forward_sin, MM_CHUNK_HEAVY},
    [MM_UNARY_COS] = {forward_cos, MM_CHUNK_HEAVY},
    [MM_UNARY_SIGN] = {forward_sign, MM_CHUNK_LIGHT},
    [MM_UNARY_FLOOR] = {forward_floor, MM_CHUNK_LIGHT},
    [MM_UNARY_CEIL] = {forward_ceil, MM_CHUNK_LIGHT},
    [MM_UNARY_ROUND] = {forward_round, MM_CHUNK_LIGHT},
    [MM_UNARY_CLAMP] = {forward_clamp, MM_CHUNK_LIGHT},
    [MM_UNARY_RELU] = {forward_relu, MM_CHUNK_LIGHT},
    [MM_UNARY_RELU6] = {forward_relu6, MM_CHUNK_LIGHT},
    [MM_UNARY_LEAKY_RELU] = {forward_leaky_relu, MM_CHUNK_LIGHT},
    [MM_UNARY_ELU] = {forward_elu, MM_CHUNK_HEAVY},
    [MM_UNARY_SIGMOID] = {forward_sigmoid, MM_CHUNK_HEAVY},
    [MM_UNARY_TANH] = {forward_tanh, MM_CHUNK_HEAVY},
    [MM_UNARY_SILU] = {forward_silu, MM_CHUNK_HEAVY},
    [MM_UNARY_HSWISH] = {forward_hswish, MM_CHUNK_LIGHT},
    [MM_UNARY_HSIGMOID] = {forward_hsigmoid, MM_CHUNK_LIGHT},
    [MM_UNARY_GELU] = {forward_gelu, MM_CHUNK_HEAVY},
    [MM_UNARY_GELU_TANH] = {forward_gelu_tanh, MM_CHUNK_HEAVY},
    [MM_UNARY_MISH] = {forward_mish, MM_CHUNK_HEAVY},
    [MM_UNARY_SOFTPLUS] = {forward_softplus, MM_CHUNK_HEAVY},
    [MM_UNARY_ERF] = {forward_erf, MM_CHUNK_HEAVY},
    [MM_UNARY_LOG1P] = {forward_log1p, MM_CHUNK_HEAVY},
    [MM_UNARY_EXPM1] = {forward_expm1, MM_CHUNK_HEAVY},
    [MM_UNARY_POW] = {forward_pow, MM_CHUNK_HEAVY},
    [MM_UNARY_LOG_SIGMOID] = {forward_log_sigmoid, MM_CHUNK_HEAVY},
};

void mm_unary_forward(mm_unary op, long n, const float *x, const float *params, float *y) {
  float p[4];
  mm_unary_parameters(op, params, p);
  mm_flat_fn run = table[op].run;
  if (op == MM_UNARY_POW) {  // powers that PyTorch computes without pow
    if (p[0] == 2.0f) run = forward_square;
    if (p[0] == 3.0f) run = forward_cube;
    if (p[0] == 0.5f) run = forward_sqrt;
    if (p[0] == -0.5f) run = forward_rsqrt;
    if (p[0] == -1.0f) run = forward_reciprocal;
  }
  mm_flat_run(run, n, table[op].chunk, &(mm_flat){.in = {x}, .in_size = {4}, .out = {y}, .out_size = {4}, .context = p});
}
