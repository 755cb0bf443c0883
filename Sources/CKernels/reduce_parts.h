// Reductions of [outer, n, inner] over the middle axis, one function an operation.
#pragma once

void mm_sum_middle(long outer, long n, long inner, const float *x, float *y);
void mm_max_middle(long outer, long n, long inner, const float *x, float *y);
void mm_min_middle(long outer, long n, long inner, const float *x, float *y);
void mm_prod_middle(long outer, long n, long inner, const float *x, float *y);
