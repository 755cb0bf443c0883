// Normalisation layers over NHWC data. Statistics are computed around a shift, in blocks whose totals are double.
#pragma once

// ---- BatchNorm: x is [rows, c] with rows = N H W.

typedef enum mm_norm_activation { MM_NORM_LINEAR, MM_NORM_RELU, MM_NORM_RELU6 } mm_norm_activation;

// Mean and biased variance of each channel.
void mm_bn_stats(long rows, long c, const float *_Nonnull x, float *_Nonnull mean, float *_Nonnull var);
// running = (1 - momentum) running + momentum new, with the unbiased variance (rows / (rows - 1)).
void mm_bn_update_running(long rows, long c, float momentum, const float *_Nonnull mean, const float *_Nonnull var,
                          float *_Nonnull running_mean, float *_Nonnull running_var);
// scale = gamma rstd, shift = beta - mean scale, rstd = 1 / sqrt(var + eps). gamma NULL is 1, beta NULL is 0.
void mm_bn_coefficients(long c, const float *_Nonnull mean, const float *_Nonnull var, float eps,
                        const float *_Nullable gamma, const float *_Nullable beta, float *_Nonnull scale,
                        float *_Nonnull shift, float *_Nonnull rstd);
// y = activation(x scale + shift (+ residual)). y may be x or residual.
void mm_bn_apply(long rows, long c, const float *_Nonnull x, const float *_Nonnull scale, const float *_Nonnull shift,
                 const float *_Nullable residual, mm_norm_activation activation, float *_Nonnull y);
// Backward of y = activation(batchnorm(x) (+ residual)) with batch statistics. `y` is needed (and may be NULL only) when
// the activation is (not) linear: it masks dy. dresidual (NULL if there is none) receives the masked dy. dgamma, dbeta and
// dx may be NULL; dx may be dy when dresidual is not.
void mm_bn_backward(long rows, long c, const float *_Nonnull x, const float *_Nonnull dy, const float *_Nullable y,
                    mm_norm_activation activation, const float *_Nonnull mean, const float *_Nonnull rstd,
                    const float *_Nullable gamma, float *_Nullable dgamma, float *_Nullable dbeta,
                    float *_Nullable dresidual, float *_Nullable dx);
// The same with fixed statistics (evaluation mode): dx = dy gamma rstd.
void mm_bn_eval_backward(long rows, long c, const float *_Nonnull x, const float *_Nonnull dy,
                         const float *_Nullable y, mm_norm_activation activation, const float *_Nonnull mean,
                         const float *_Nonnull rstd, const float *_Nullable gamma, float *_Nullable dgamma,
                         float *_Nullable dbeta, float *_Nullable dresidual, float *_Nullable dx);

// ---- GroupNorm: x is [n, p, c] with p = H W, channels in `groups` equal groups. InstanceNorm is groups == c.

// mean and rstd are [n, groups]; var (NULL if not wanted) receives the biased variances.
void mm_group_norm_forward(long n, long p, long c, long groups, const float *_Nonnull x, const float *_Nullable gamma,
                           const float *_Nullable beta, float eps, float *_Nonnull mean, float *_Nonnull rstd,
                           float *_Nullable var, float *_Nonnull y);
void mm_group_norm_backward(long n, long p, long c, long groups, const float *_Nonnull x, const float *_Nonnull dy,
                            const float *_Nonnull mean, const float *_Nonnull rstd, const float *_Nullable gamma,
                            float *_Nullable dgamma, float *_Nullable dbeta, float *_Nullable dx);

// ---- LayerNorm over the last axis: x is [rows, c]; mean and rstd are [rows].

void mm_layer_norm_forward(long rows, long c, const float *_Nonnull x, const float *_Nullable gamma,
                           const float *_Nullable beta, float eps, float *_Nonnull mean, float *_Nonnull rstd,
                           float *_Nonnull y);
// dx may be dy.
void mm_layer_norm_backward(long rows, long c, const float *_Nonnull x, const float *_Nonnull dy,
                            const float *_Nonnull mean, const float *_Nonnull rstd, const float *_Nullable gamma,
                            float *_Nullable dgamma, float *_Nullable dbeta, float *_Nullable dx);

// ---- L2: y = x / max(norm, eps) for each row of [rows, c]; norm (of [rows]) is saved for the backward.

void mm_l2_normalize_forward(long rows, long c, const float *_Nonnull x, float eps, float *_Nonnull norm,
                             float *_Nonnull y);
void mm_l2_normalize_backward(long rows, long c, const float *_Nonnull y, const float *_Nonnull dy,
                              const float *_Nonnull norm, float eps, float *_Nonnull dx);
