// Reductions. A contiguous array is seen as [outer, n, inner]; the middle axis is reduced, results are [outer, inner].
// Sums add short blocks in f32 and the blocks in double; no result depends on the number of threads.
#pragma once
#include <stdint.h>

typedef enum mm_reduction {
  MM_REDUCE_SUM,
  MM_REDUCE_MEAN,
  MM_REDUCE_MAX,  // NaN wins; an empty axis gives -infinity
  MM_REDUCE_MIN,  // NaN wins; an empty axis gives +infinity
  MM_REDUCE_PROD,
} mm_reduction;

void mm_reduce(mm_reduction op, long outer, long n, long inner, const float *_Nonnull x, float *_Nonnull y);
// The same for the dimensions of a strided array with reduced[d] != 0 (rank 0...8, strides in elements, any sign). y is
// dense and row-major over the other dimensions. Summing over broadcast dimensions gives a broadcast's gradient.
void mm_reduce_dims(mm_reduction op, int rank, const long *_Nonnull shape, const long *_Nonnull strides,
                    const uint8_t *_Nonnull reduced, const float *_Nonnull x, float *_Nonnull y);
// Largest (smallest) elements and where they are along the axis: the first of equals, the first NaN if there is one.
// n > 0. `y` may be NULL.
void mm_argmax(long outer, long n, long inner, const float *_Nonnull x, float *_Nullable y, int64_t *_Nonnull index);
void mm_argmin(long outer, long n, long inner, const float *_Nonnull x, float *_Nullable y, int64_t *_Nonnull index);
// Whether any (every) byte is not 0.
void mm_any(long outer, long n, long inner, const uint8_t *_Nonnull x, uint8_t *_Nonnull y);
void mm_all(long outer, long n, long inner, const uint8_t *_Nonnull x, uint8_t *_Nonnull y);
// Running sums along the axis, kept in double: y is [outer, n, inner]. y may be x. With `reverse`, from the end
// (which is the gradient of the other direction).
void mm_cumsum(long outer, long n, long inner, int reverse, const float *_Nonnull x, float *_Nonnull y);
// Sum of all elements, and of the products of two arrays, in double.
double mm_sum(long n, const float *_Nonnull x);
double mm_dot(long n, const float *_Nonnull x, const float *_Nonnull y);
