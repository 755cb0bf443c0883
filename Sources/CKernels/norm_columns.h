// Sums over the rows of NHWC data, a channel and an image at a time: what BatchNorm and GroupNorm share.
// x is [images, rows, c]; results are double, [images, 2, c].
#pragma once
#include "mm_norm.h"

// Sums of d and d^2 with d = x - shift; the shift, [images, c], is computed here: the mean of some rows.
void mm_column_moments(long images, long rows, long c, const float *x, float *shift, double *sums);
// Mean and biased variance from these sums: [images, c].
void mm_moments_to_stats(long images, long rows, long c, const float *shift, const double *sums, double *mean,
                         double *var);
// Sums of g and g (x - mean), where g is dy where the activation that gave y passes gradients, else 0. mean is
// [images, c]. dresidual (or NULL) receives g.
void mm_column_products(long images, long rows, long c, const float *x, const float *dy, const float *y,
                        mm_norm_activation activation, const float *mean, float *dresidual, double *sums);
// y = activation(x scale + shift (+ residual)); scale and shift are [images, c].
void mm_column_apply(long images, long rows, long c, const float *x, const float *scale, const float *shift,
                     const float *residual, mm_norm_activation activation, float *y);
// dx = a g + b (x - mean) + d; the four coefficients are [images, c]; b and d NULL for 0 (then x is not read).
void mm_column_gradient(long images, long rows, long c, const float *x, const float *dy, const float *y,
                        mm_norm_activation activation, const float *mean, const float *a, const float *b,
                        const float *d, float *dx);
