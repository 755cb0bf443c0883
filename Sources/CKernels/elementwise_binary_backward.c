// Gradients of arithmetic on two arrays of one shape.
#include "math_flat.h"
#include "math_inline.h"
#include "mm_elementwise.h"

// Defines gradient_<name>, which sets the output to `value`, an expression in a, b and the gradient g.
#define GRADIENT(name, value)                                                                                \
  MM_CLONES static void gradient_##name(long n, const mm_flat *f) {                                          \
    const float *pa = f->in[0], *pb = f->in[1], *pg = f->in[2];                                              \
    float *out = f->out[0];                                                                                  \
    MM_LOOP for (long i = 0; i < n; i++) {                                                                   \
      const float a = pa[i], b = pb[i], g = pg[i];                                                           \
      (void)a, (void)b;                                                                                      \
      out[i] = (value);                                                                                      \
    }                                                                                                        \
  }

GRADIENT(copy, g)
GRADIENT(minus, -g)
GRADIENT(times_a, g *a)
GRADIENT(times_b, g *b)
GRADIENT(over_b, g / b)
GRADIENT(div_b, -g * ((a / b) / b))
GRADIENT(larger_a, a > b ? g : a == b ? 0.5f * g : 0.0f)
GRADIENT(larger_b, b > a ? g : a == b ? 0.5f * g : 0.0f)
GRADIENT(pow_a, b == 0.0f ? 0.0f : g * (b * powf(a, b - 1.0f)))
GRADIENT(pow_b, a == 0.0f && b >= 0.0f ? 0.0f : g * (powf(a, b) * logf(a)))

static const mm_flat_fn table[][2] = {
    [MM_BINARY_ADD] = {gradient_copy, gradient_copy},         [MM_BINARY_SUB] = {gradient_copy, gradient_minus},
    [MM_BINARY_MUL] = {gradient_times_b, gradient_times_a},   [MM_BINARY_DIV] = {gradient_over_b, gradient_div_b},
    [MM_BINARY_MAX] = {gradient_larger_a, gradient_larger_b}, [MM_BINARY_MIN] = {gradient_larger_b, gradient_larger_a},
    [MM_BINARY_POW] = {gradient_pow_a, gradient_pow_b},
};

void mm_binary_backward(mm_binary op, long n, const float *a, const float *b, const float *dy, float *da, float *db) {
  float *out[2] = {da, db};
  for (int k = 0; k < 2; k++)
    if (out[k])
      mm_flat_run(table[op][k], n, op == MM_BINARY_POW ? MM_CHUNK_HEAVY : MM_CHUNK_LIGHT,
                  &(mm_flat){.in = {a, b, dy}, .in_size = {4, 4, 4}, .out = {out[k]}, .out_size = {4}});
}
