// BatchNorm over [rows, c].
#include <math.h>

#include "math_flat.h"
#include "mm_pool.h"
#include "norm_columns.h"

void mm_bn_stats(long rows, long c, const float *x, float *mean, float *var) {
  double *sums = mm_scratch(6, (size_t)(4 * c) * sizeof(double)), *m = sums + 2 * c, *v = sums + 3 * c;
  float *shift = mm_scratch(7, (size_t)c * sizeof(float));
  mm_column_moments(1, rows, c, x, shift, sums);
  mm_moments_to_stats(1, rows, c, shift, sums, m, v);
  for (long k = 0; k < c; k++) {
    mean[k] = (float)m[k];
    var[k] = (float)v[k];
  }
}

void mm_bn_update_running(long rows, long c, float momentum, const float *mean, const float *var, float *running_mean,
                          float *running_var) {
  double unbiased = (double)rows / (double)(rows - 1);
  for (long k = 0; k < c; k++) {
    running_mean[k] = momentum * mean[k] + (1 - momentum) * running_mean[k];
    running_var[k] = momentum * (float)((double)var[k] * unbiased) + (1 - momentum) * running_var[k];
  }
}

void mm_bn_coefficients(long c, const float *mean, const float *var, float eps, const float *gamma, const float *beta,
                        float *scale, float *shift, float *rstd) {
  for (long k = 0; k < c; k++) {
    float r = (float)(1.0 / sqrt((double)var[k] + (double)eps)), s = gamma ? gamma[k] * r : r;
    float b = beta ? beta[k] : 0.0f, m = mean[k];
    rstd[k] = r;
    scale[k] = s;
    shift[k] = (float)((double)b - (double)m * (double)s);
  }
}

void mm_bn_apply(long rows, long c, const float *x, const float *scale, const float *shift, const float *residual,
                 mm_norm_activation activation, float *y) {
  mm_column_apply(1, rows, c, x, scale, shift, residual, activation, y);
}

static void backward(int training, long rows, long c, const float *x, const float *dy, const float *y,
                     mm_norm_activation activation, const float *mean, const float *rstd, const float *gamma,
                     float *dgamma, float *dbeta, float *dresidual, float *dx) {
  double *sums = mm_scratch(6, (size_t)(2 * c) * sizeof(double));
  if (dgamma || dbeta || dresidual || (dx && training))
    mm_column_products(1, rows, c, x, dy, y, activation, mean, dresidual, sums);
  for (long k = 0; k < c; k++) {
    if (dbeta) dbeta[k] = (float)sums[k];
    if (dgamma) dgamma[k] = (float)(sums[c + k] * (double)rstd[k]);
  }
  if (!dx) return;
  float *a = mm_scratch(7, (size_t)(3 * c) * sizeof(float)), *b = a + c, *d = b + c;
  for (long k = 0; k < c; k++) {
    double r = rstd[k], scale = gamma ? (double)gamma[k] * r : r;
    a[k] = (float)scale;
    if (!training) continue;
    b[k] = (float)(-scale * r * r * sums[c + k] / (double)rows);
    d[k] = (float)(-scale * sums[k] / (double)rows);
  }
  // The masked gradient is at hand once it has been written.
  if (dresidual) {
    dy = dresidual;
    activation = MM_NORM_LINEAR;
  }
  mm_column_gradient(1, rows, c, x, dy, y, activation, mean, a, training ? b : NULL, training ? d : NULL, dx);
}

void mm_bn_backward(long rows, long c, const float *x, const float *dy, const float *y, mm_norm_activation activation,
                    const float *mean, const float *rstd, const float *gamma, float *dgamma, float *dbeta,
                    float *dresidual, float *dx) {
  backward(1, rows, c, x, dy, y, activation, mean, rstd, gamma, dgamma, dbeta, dresidual, dx);
}
void mm_bn_eval_backward(long rows, long c, const float *x, const float *dy, const float *y,
                         mm_norm_activation activation, const float *mean, const float *rstd, const float *gamma,
                         float *dgamma, float *dbeta, float *dresidual, float *dx) {
  backward(0, rows, c, x, dy, y, activation, mean, rstd, gamma, dgamma, dbeta, dresidual, dx);
}
