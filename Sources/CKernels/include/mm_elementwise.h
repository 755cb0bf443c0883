// Kernels over single elements: unary functions and their derivatives, arithmetic and comparisons with broadcasting.
#pragma once
#include <stdint.h>

// Functions of one element. `p` are the parameters in the order that mm_unary_forward takes them.
typedef enum mm_unary {
  MM_UNARY_NEG,
  MM_UNARY_ABS,
  MM_UNARY_EXP,
  MM_UNARY_LOG,
  MM_UNARY_SQRT,
  MM_UNARY_RSQRT,
  MM_UNARY_RECIPROCAL,
  MM_UNARY_SQUARE,
  MM_UNARY_SIN,
  MM_UNARY_COS,
  MM_UNARY_SIGN,        // NaN gives 0, as in PyTorch
  MM_UNARY_FLOOR,
  MM_UNARY_CEIL,
  MM_UNARY_ROUND,       // halves to even
  MM_UNARY_CLAMP,       // p: min, max (infinities for no bound)
  MM_UNARY_RELU,
  MM_UNARY_RELU6,
  MM_UNARY_LEAKY_RELU,  // p: slope
  MM_UNARY_ELU,         // p: alpha
  MM_UNARY_SIGMOID,
  MM_UNARY_TANH,
  MM_UNARY_SILU,
  MM_UNARY_HSWISH,      // x * relu6(x + 3) / 6
  MM_UNARY_HSIGMOID,    // p: bias, divisor, min, max: clamp((x + bias) / divisor, min, max)
  MM_UNARY_GELU,        // with erf
  MM_UNARY_GELU_TANH,
  MM_UNARY_MISH,
  MM_UNARY_SOFTPLUS,    // p: beta, threshold (PyTorch: 1, 20)
  MM_UNARY_ERF,
  MM_UNARY_LOG1P,
  MM_UNARY_EXPM1,
  MM_UNARY_POW,         // p: exponent
  MM_UNARY_LOG_SIGMOID,
} mm_unary;

enum { MM_SAVES_X = 1, MM_SAVES_Y = 2 };
// Which of x and y mm_unary_backward reads: a sum of MM_SAVES_X and MM_SAVES_Y.
int mm_unary_saves(mm_unary op);

// y[i] = f(x[i]), i < n. y may be x.
void mm_unary_forward(mm_unary op, long n, const float *_Nonnull x, const float *_Nullable params, float *_Nonnull y);
// dx[i] = dy[i] * f'(x[i]). x and y may be NULL where mm_unary_saves does not ask for them. dx may be dy.
void mm_unary_backward(mm_unary op, long n, const float *_Nullable x, const float *_Nullable y,
                       const float *_Nonnull dy, const float *_Nullable params, float *_Nonnull dx);

typedef enum mm_binary {
  MM_BINARY_ADD,
  MM_BINARY_SUB,
  MM_BINARY_MUL,
  MM_BINARY_DIV,
  MM_BINARY_MAX,  // NaN wins, as in PyTorch
  MM_BINARY_MIN,
  MM_BINARY_POW,
} mm_binary;

typedef enum mm_comparison {
  MM_COMPARE_EQ,
  MM_COMPARE_NE,
  MM_COMPARE_LT,
  MM_COMPARE_LE,
  MM_COMPARE_GT,
  MM_COMPARE_GE,
} mm_comparison;

// y = a op b over n elements; y may be a or b.
void mm_binary_same(mm_binary op, long n, const float *_Nonnull a, const float *_Nonnull b, float *_Nonnull y);
void mm_binary_scalar(mm_binary op, long n, const float *_Nonnull a, float b, float *_Nonnull y);
void mm_scalar_binary(mm_binary op, long n, float a, const float *_Nonnull b, float *_Nonnull y);
// y = a op b with broadcasting. `shape` (rank 0...8) is the shape of the dense, row-major y in the order of y's memory;
// `sa` and `sb` are the strides of a and b in elements, 0 where a dimension is broadcast.
void mm_binary_broadcast(mm_binary op, int rank, const long *_Nonnull shape, const long *_Nonnull sa,
                         const long *_Nonnull sb, const float *_Nonnull a, const float *_Nonnull b, float *_Nonnull y);
// Gradients of y = a op b over n elements; equal elements share the gradient of max and min. da and db may be NULL.
void mm_binary_backward(mm_binary op, long n, const float *_Nonnull a, const float *_Nonnull b,
                        const float *_Nonnull dy, float *_Nullable da, float *_Nullable db);

// y = a op b as 0 or 1.
void mm_compare_same(mm_comparison op, long n, const float *_Nonnull a, const float *_Nonnull b, uint8_t *_Nonnull y);
void mm_compare_scalar(mm_comparison op, long n, const float *_Nonnull a, float b, uint8_t *_Nonnull y);
void mm_compare_broadcast(mm_comparison op, int rank, const long *_Nonnull shape, const long *_Nonnull sa,
                          const long *_Nonnull sb, const float *_Nonnull a, const float *_Nonnull b,
                          uint8_t *_Nonnull y);

// y = mask ? a : b. Strides as in mm_binary_broadcast; the mask is true where its byte is not 0.
void mm_where_broadcast(int rank, const long *_Nonnull shape, const long *_Nonnull sm, const long *_Nonnull sa,
                        const long *_Nonnull sb, const uint8_t *_Nonnull mask, const float *_Nonnull a,
                        const float *_Nonnull b, float *_Nonnull y);
// y = mask ? value : x; y may be x.
void mm_masked_fill(long n, const uint8_t *_Nonnull mask, const float *_Nonnull x, float value, float *_Nonnull y);

void mm_fill(long n, float value, float *_Nonnull y);
// y = a x + b; y may be x.
void mm_affine(long n, float a, float b, const float *_Nonnull x, float *_Nonnull y);
// y += a x
void mm_axpy(long n, float a, const float *_Nonnull x, float *_Nonnull y);
// y = x + a z; y may be x or z.
void mm_add_scaled(long n, const float *_Nonnull x, float a, const float *_Nonnull z, float *_Nonnull y);
// y += a x z
void mm_addcmul(long n, float a, const float *_Nonnull x, const float *_Nonnull z, float *_Nonnull y);
