// GroupNorm, and InstanceNorm as its case of one channel a group, over [n, p, c].
#include <math.h>
#include <stdlib.h>

#include "math_flat.h"
#include "norm_columns.h"

void mm_group_norm_forward(long n, long p, long c, long groups, const float *x, const float *gamma, const float *beta,
                           float eps, float *mean, float *rstd, float *var, float *y) {
  long nc = n * c, width = c / groups;
  double *sums = mm_temporary((size_t)nc * (4 * sizeof(double) + 3 * sizeof(float)));
  double *means = sums + 2 * nc, *vars = means + nc;
  float *shift = (float *)(vars + nc), *scale = shift + nc, *offset = scale + nc;
  mm_column_moments(n, p, c, x, shift, sums);
  mm_moments_to_stats(n, p, c, shift, sums, means, vars);
  for (long g = 0; g < n * groups; g++) {
    // Channels of group g of all images lie at g * width.
    double m = 0, v = 0;
    for (long k = g * width; k < (g + 1) * width; k++) m += means[k];
    m /= (double)width;
    for (long k = g * width; k < (g + 1) * width; k++) v += vars[k] + (means[k] - m) * (means[k] - m);
    v /= (double)width;
    double r = 1.0 / sqrt(v + (double)eps);
    mean[g] = (float)m;
    rstd[g] = (float)r;
    if (var) var[g] = (float)v;
    for (long k = g * width; k < (g + 1) * width; k++) {
      double s = gamma ? r * (double)gamma[k % c] : r;
      scale[k] = (float)s;
      offset[k] = (float)((beta ? (double)beta[k % c] : 0.0) - m * (double)scale[k]);
    }
  }
  mm_column_apply(n, p, c, x, scale, offset, NULL, MM_NORM_LINEAR, y);
  free(sums);
}

void mm_group_norm_backward(long n, long p, long c, long groups, const float *x, const float *dy, const float *mean,
                            const float *rstd, const float *gamma, float *dgamma, float *dbeta, float *dx) {
  long nc = n * c, width = c / groups;
  double *sums = mm_temporary((size_t)nc * (2 * sizeof(double) + 4 * sizeof(float)));
  float *means = (float *)(sums + 2 * nc), *a = means + nc, *b = a + nc, *d = b + nc;
  for (long k = 0; k < nc; k++) means[k] = mean[k / width];
  mm_column_products(n, p, c, x, dy, NULL, MM_NORM_LINEAR, means, NULL, sums);
  for (long k = 0; k < c; k++) {
    double dg = 0, db = 0;
    for (long i = 0; i < n; i++) {
      db += sums[i * 2 * c + k];
      dg += sums[i * 2 * c + c + k] * (double)rstd[(i * c + k) / width];
    }
    if (dgamma) dgamma[k] = (float)dg;
    if (dbeta) dbeta[k] = (float)db;
  }
  if (dx) {
    double count = (double)p * (double)width;
    for (long g = 0; g < n * groups; g++) {
      double s1 = 0, s2 = 0, r = rstd[g];
      for (long k = g * width; k < (g + 1) * width; k++) {
        double w = gamma ? (double)gamma[k % c] : 1.0;
        const double *s = sums + k / c * 2 * c + k % c;
        s1 += w * s[0];
        s2 += w * s[c];
      }
      for (long k = g * width; k < (g + 1) * width; k++) {
        a[k] = (float)(gamma ? r * (double)gamma[k % c] : r);
        b[k] = (float)(-r * r * r * s2 / count);
        d[k] = (float)(-r * s1 / count);
      }
    }
    mm_column_gradient(n, p, c, x, dy, NULL, MM_NORM_LINEAR, means, a, b, d, dx);
  }
  free(sums);
}
