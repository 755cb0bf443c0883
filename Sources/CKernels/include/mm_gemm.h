// Matrix products over row-major f32, on the pool, with results that do not depend on the number of threads.
#pragma once
#include "mm_conv.h"
#include <stddef.h>

// Puts OpenBLAS on one thread, once: parallelism comes from the pool. Every function here calls it.
void mm_blas_init(void);

// C[m, n] = alpha * op(A) op(B) + beta * C, op(A) being [m, k] and op(B) [k, n]; op transposes when trans is not 0.
// With beta 0, C is only written. Leading dimensions count elements between stored rows.
void mm_gemm(
    int trans_a, int trans_b, int m, int n, int k, float alpha, const float *_Nonnull a, int lda,
    const float *_Nonnull b, int ldb, float beta, float *_Nonnull c, int ldc);

// `batch` products whose operands lie `stride_*` elements apart (0 shares an operand; C's must not overlap).
void mm_gemm_batched(
    int batch, int trans_a, int trans_b, int m, int n, int k, float alpha, const float *_Nonnull a, int lda,
    ptrdiff_t stride_a, const float *_Nonnull b, int ldb, ptrdiff_t stride_b, float beta, float *_Nonnull c, int ldc,
    ptrdiff_t stride_c);

// y[m, n] = act(x[m, k] W^T + bias + residual) with W[n, k] packed beforehand: the fully connected layer.
size_t mm_linear_packed_bytes(int k, int n);
void mm_linear_pack(int k, int n, const float *_Nonnull weight, void *_Nonnull packed);
void mm_linear_forward(
    int m, int k, int n, const float *_Nonnull x, const void *_Nonnull packed, const float *_Nullable bias,
    const float *_Nullable residual, mm_activation act, float act_param, float *_Nonnull y);
