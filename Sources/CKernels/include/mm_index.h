// Taking, placing, sorting. Arrays are contiguous. Functions that take indices check them all first: they return 0 when
// all are in range, else 1 + the position of the first bad index, having written nothing. Negative indices are not wrapped.
#pragma once
#include <stdint.h>

// y [outer, m, inner] = x [outer, n, inner] at rows index[m].
long mm_index_select(long outer, long n, long inner, long m, const float *_Nonnull x, const int64_t *_Nonnull index,
                     float *_Nonnull y);
// x [outer, n, inner] += y [outer, m, inner] at rows index[m], in the order of m: gradient of the above (index_add).
long mm_index_add(long outer, long n, long inner, long m, const float *_Nonnull y, const int64_t *_Nonnull index,
                  float *_Nonnull x);
// The same along the middle axis with an index for each element: y and index are [outer, m, inner], x [outer, n, inner].
long mm_gather(long outer, long n, long inner, long m, const float *_Nonnull x, const int64_t *_Nonnull index,
               float *_Nonnull y);
long mm_scatter(long outer, long n, long inner, long m, const float *_Nonnull y, const int64_t *_Nonnull index,
                float *_Nonnull x);
long mm_scatter_add(long outer, long n, long inner, long m, const float *_Nonnull y, const int64_t *_Nonnull index,
                    float *_Nonnull x);
// y [m, width] = rows of table [rows, width]; the gradient adds into dtable, leaving out `padding` (-1: none).
long mm_embedding_forward(long rows, long width, long m, const float *_Nonnull table, const int64_t *_Nonnull index,
                          float *_Nonnull y);
long mm_embedding_backward(long rows, long width, long m, long padding, const float *_Nonnull dy,
                           const int64_t *_Nonnull index, float *_Nonnull dtable);
// y [m, classes] of 0 and 1.
long mm_one_hot(long m, long classes, const int64_t *_Nonnull index, float *_Nonnull y);

// Sorts each row of [rows, n], stably; NaN counts as the largest. value or index may be NULL; value may be x.
void mm_sort(long rows, long n, int descending, const float *_Nonnull x, float *_Nullable value,
             int64_t *_Nullable index);
// The k (0...n) largest (smallest) of each row, sorted; equal elements by position. value and index are [rows, k].
void mm_topk(long rows, long n, long k, int largest, const float *_Nonnull x, float *_Nullable value,
             int64_t *_Nullable index);
// Positions of the bytes that are not 0, ascending; returns how many. `index` may be NULL to count only.
long mm_nonzero(long n, const uint8_t *_Nonnull mask, int64_t *_Nullable index);
