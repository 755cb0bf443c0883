// Functions of one element: derivatives.
#include "elementwise_unary.h"
#include "math_flat.h"
#include "math_inline.h"

// Defines backward_<name>, which sets dx[i] to `value`, an expression in g (the gradient), the input x or the output y,
// and the parameters p.
#define BACKWARD(name, source, slot, value)                                                                  \
  MM_CLONES static void backward_##name(long n, const mm_flat *f) {                                          \
    const float *in = f->in[slot], *gradient = f->in[2];                                                     \
    float *out = f->out[0];                                                                                  \
    const float *q = f->context;                                                                             \
    const float p[4] = {q[0], q[1], q[2], q[3]};                                                             \
    (void)p;                                                                                                 \
    MM_LOOP for (long i = 0; i < n; i++) {                                                                   \
      const float source = in[i], g = gradient[i];                                                           \
      (void)source;                                                                                          \
      out[i] = (value);                                                                                      \
    }                                                                                                        \
  }
#define FROM_X(name, value) BACKWARD(name, x, 0, value)
#define FROM_Y(name, value) BACKWARD(name, y, 1, value)
#define FROM_NONE(name, value) BACKWARD(name, unused, 2, value)

MM_INLINE float silu_slope(float x) {
  float s = mm_sigmoid(x);
  return s * (1.0f + x * (1.0f - s));
}
MM_INLINE float gelu_slope(float x) {
  float e, phi = mm_normal_cdf(x, &e);
  return phi + x * (e * 0.3989422804f);
}
MM_INLINE float gelu_tanh_slope(float x) {
  float z = 1.5957691216057308f * (x + 0.044715f * x * x * x);
  float s = 1.0f / (1.0f + mm_exp(-z));
  return s + x * s * (1.0f - s) * (1.5957691216057308f * (1.0f + 3.0f * 0.044715f * x * x));
}
MM_INLINE float mish_slope(float x) {
  float e = mm_exp(mm_at_most(x, 20.0f)), n = e * (e + 2.0f), t = n / (n + 2.0f);
  float slope = t + x * (e / (1.0f + e)) * (1.0f - t * t);
  return x > 20.0f ? 1.0f : slope;
}
MM_INLINE float hswish_slope(float x) { return x < -3.0f ? 0.0f : x <= 3.0f ? x / 3.0f + 0.5f : 1.0f; }
MM_INLINE float hsigmoid_gradient(float x, float g, const float *p) {
  float v = (x + p[0]) / p[1];
  return v >= p[2] && v <= p[3] ? g / p[1] : 0.0f;
}

FROM_NONE(neg, -g)
FROM_NONE(zero, 0.0f * g)
FROM_X(abs, g *((float)(x > 0.0f) - (float)(x < 0.0f)))
FROM_Y(exp, g *y)
FROM_X(log, g / x)
FROM_Y(sqrt, g / (2.0f * y))
FROM_Y(rsqrt, -0.5f * g * (y * y * y))
FROM_Y(reciprocal, -g * (y * y))
FROM_X(square, g *(2.0f * x))
FROM_X(sin, g *cosf(x))
FROM_X(cos, -g *sinf(x))
FROM_X(clamp, x >= p[0] && x <= p[1] ? g : 0.0f)
FROM_Y(relu, y > 0.0f ? g : 0.0f)
FROM_Y(relu6, y > 0.0f && y < 6.0f ? g : 0.0f)
FROM_X(leaky_relu, x > 0.0f ? g : g * p[0])
FROM_X(elu, x > 0.0f ? g : g * (p[0] * mm_exp(x)))
FROM_Y(sigmoid, g *(1.0f - y) * y)
FROM_Y(tanh, g *(1.0f - y * y))
FROM_X(silu, g *silu_slope(x))
FROM_X(hswish, g *hswish_slope(x))
FROM_X(hsigmoid, hsigmoid_gradient(x, g, p))
FROM_X(gelu, g *gelu_slope(x))
FROM_X(gelu_tanh, g *gelu_tanh_slope(x))
FROM_X(mish, g *mish_slope(x))
FROM_X(softplus, x *p[0] > p[1] ? g : g * mm_sigmoid(x * p[0]))
FROM_X(erf, g *(1.1283791671f * mm_exp_half_square(mm_at_most(mm_abs(x), 15.0f) * 1.41421356f)))
FROM_X(log1p, g / (1.0f + x))
FROM_Y(expm1, g *(y + 1.0f))
FROM_X(pow, g *(p[0] * powf(x, p[0] - 1.0f)))
FROM_X(cube, g *(3.0f * (x * x)))
FROM_X(log_sigmoid, g *mm_sigmoid(-x))

static const struct {
  mm_flat_fn run;
  int chunk, saves;
} table[] = {
    [MM_UNARY_NEG] = {backward_neg, MM_CHUNK_LIGHT, 0},
    [MM_UNARY_ABS] = {backward_abs, MM_CHUNK_LIGHT, MM_SAVES_X},
    [MM_UNARY_EXP] = {backward_exp, MM_CHUNK_LIGHT, MM_SAVES_Y},
    [MM_UNARY_LOG] = {backward_log, MM_CHUNK_LIGHT, MM_SAVES_X},
    [MM_UNARY_SQRT] = {backward_sqrt, MM_CHUNK_LIGHT, MM_SAVES_Y},
    [MM_UNARY_RSQRT] = {backward_rsqrt, MM_CHUNK_LIGHT, MM_SAVES_Y},
    [MM_UNARY_RECIPROCAL] = {backward_reciprocal, MM_CHUNK_LIGHT, MM_SAVES_Y},
    [MM_UNARY_SQUARE] = {backward_square, MM_CHUNK_LIGHT, MM_SAVES_X},
    [MM_UNARY_SIN] = {backward_sin, MM_CHUNK_HEAVY, MM_SAVES_X},
    [MM_UNARY_COS] = {backward_cos, MM_CHUNK_HEAVY, MM_SAVES_X},
    [MM_UNARY_SIGN] = {backward_zero, MM_CHUNK_LIGHT, 0},
    [MM_UNARY_FLOOR] = {backward_zero, MM_CHUNK_LIGHT, 0},
    [MM_UNARY_CEIL] = {backward_zero, MM_CHUNK_LIGHT, 0},
    [MM_UNARY_ROUND] = {backward_zero, MM_CHUNK_LIGHT, 0},
    [MM_UNARY_CLAMP] = {backward_clamp, MM_CHUNK_LIGHT, MM_SAVES_X},
    [MM_UNARY_RELU] = {backward_relu, MM_CHUNK_LIGHT, MM_SAVES_Y},
    [MM_UNARY_RELU6] = {backward_relu6, MM_CHUNK_LIGHT, MM_SAVES_Y},
    [MM_UNARY_LEAKY_RELU] = {backward_leaky_relu, MM_CHUNK_LIGHT, MM_SAVES_X},
    [MM_UNARY_ELU] = {backward_elu, MM_CHUNK_HEAVY, MM_SAVES_X},
    [MM_UNARY_SIGMOID] = {backward_sigmoid, MM_CHUNK_LIGHT, MM_SAVES_Y},
    [MM_UNARY_TANH] = {backward_tanh, MM_CHUNK_LIGHT, MM_SAVES_Y},
    [MM_UNARY_SILU] = {backward_silu, MM_CHUNK_HEAVY, MM_SAVES_X},
    [MM_UNARY_HSWISH] = {backward_hswish, MM_CHUNK_LIGHT, MM_SAVES_X},
    [MM_UNARY_HSIGMOID] = {backward_hsigmoid, MM_CHUNK_LIGHT, MM_SAVES_X},
    [MM_UNARY_GELU] = {backward_gelu, MM_CHUNK_HEAVY, MM_SAVES_X},
    [MM_UNARY_GELU_TANH] = {backward_gelu_tanh, MM_CHUNK_HEAVY, MM_SAVES_X},
    [MM_UNARY_MISH] = {backward_mish, MM_CHUNK_HEAVY, MM_SAVES_X},
    [MM_UNARY_SOFTPLUS] = {backward_softplus, MM_CHUNK_HEAVY, MM_SAVES_X},
    [MM_UNARY_ERF] = {backward_erf, MM_CHUNK_HEAVY, MM_SAVES_X},
    [MM_UNARY_LOG1P] = {backward_log1p, MM_CHUNK_LIGHT, MM_SAVES_X},
    [MM_UNARY_EXPM1] = {backward_expm1, MM_CHUNK_LIGHT, MM_SAVES_Y},
    [MM_UNARY_POW] = {backward_pow, MM_CHUNK_HEAVY, MM_SAVES_X},
    [MM_UNARY_LOG_SIGMOID] = {backward_log_sigmoid, MM_CHUNK_HEAVY, MM_SAVES_X},
};

int mm_unary_saves(mm_unary op) { return table[op].saves; }

void mm_unary_backward(mm_unary op, long n, const float *x, const float *y, const float *dy, const float *params,
                       float *dx) {
  float p[4];
  mm_unary_parameters(op, params, p);
  mm_flat_fn run = table[op].run;
  if (op == MM_UNARY_POW && p[0] == 0.0f) run = backward_zero;
  if (op == MM_UNARY_POW && p[0] == 2.0f) run = backward_square;
  if (op == MM_UNARY_POW && p[0] == 3.0f) run = backward_cube;
  mm_flat_run(run, n, table[op].chunk,
              &(mm_flat){.in = {x, y, dy}, .in_size = {4, 4, 4}, .out = {dx}, .out_size = {4}, .context = p});
}
