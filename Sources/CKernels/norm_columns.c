// The reductions of norm_columns.h: strips of channels, blocks of 64 rows in f32, blocks added in double.
#include "norm_columns.h"

#include <stdlib.h>

#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"

enum { STRIP = 128, BLOCK_ROWS = 64 };

MM_INLINE float passed(float g, float y, mm_norm_activation act) {
  return act == MM_NORM_LINEAR ? g : act == MM_NORM_RELU ? (y > 0.0f ? g : 0.0f) : y > 0.0f && y < 6.0f ? g : 0.0f;
}

MM_CLONES static void moments(long rows, long c, const float *x, const float *shift, double *sums) {
  float s[STRIP], q[STRIP];
  for (long c0 = 0; c0 < c; c0 += STRIP) {
    const long width = c - c0 < STRIP ? c - c0 : STRIP;
    const float *h = shift + c0;
    double *total = sums + c0;
    for (long r0 = 0; r0 < rows; r0 += BLOCK_ROWS) {
      const long end = r0 + BLOCK_ROWS < rows ? r0 + BLOCK_ROWS : rows;
      for (long k = 0; k < width; k++) s[k] = q[k] = 0;
      long r = r0;
      for (; r + 4 <= end; r += 4) {
        const float *p = x + r * c + c0;
        MM_LOOP for (long k = 0; k < width; k++) {
          const float d0 = p[k] - h[k], d1 = p[c + k] - h[k], d2 = p[2 * c + k] - h[k], d3 = p[3 * c + k] - h[k];
          s[k] += (d0 + d1) + (d2 + d3);
          q[k] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3);
        }
      }
      for (; r < end; r++) {
        const float *p = x + r * c + c0;
        MM_LOOP for (long k = 0; k < width; k++) {
          const float d = p[k] - h[k];
          s[k] += d;
          q[k] += d * d;
        }
      }
      MM_LOOP for (long k = 0; k < width; k++) {
        total[k] += (double)s[k];
        total[c + k] += (double)q[k];
      }
    }
  }
}

MM_INLINE void products_of(long rows, long c, const float *x, const float *dy, const float *y,
                           const mm_norm_activation act, const float *mean, float *dresidual, const int writes,
                           double *sums) {
  float s[STRIP], q[STRIP];
  for (long c0 = 0; c0 < c; c0 += STRIP) {
    const long width = c - c0 < STRIP ? c - c0 : STRIP;
    const float *h = mean + c0;
    double *total = sums + c0;
    for (long r0 = 0; r0 < rows; r0 += BLOCK_ROWS) {
      const long end = r0 + BLOCK_ROWS < rows ? r0 + BLOCK_ROWS : rows;
      for (long k = 0; k < width; k++) s[k] = q[k] = 0;
      long r = r0;
      for (; r + 2 <= end; r += 2) {
        const long at = r * c + c0;
        const float *p = x + at, *g = dy + at, *v = act == MM_NORM_LINEAR ? p : y + at;
        float *w = writes ? dresidual + at : NULL;
        MM_LOOP for (long k = 0; k < width; k++) {
          const float g0 = passed(g[k], v[k], act), g1 = passed(g[c + k], v[c + k], act);
          if (writes) {
            w[k] = g0;
            w[c + k] = g1;
          }
          s[k] += g0 + g1;
          q[k] += g0 * (p[k] - h[k]) + g1 * (p[c + k] - h[k]);
        }
      }
      for (; r < end; r++) {
        const long at = r * c + c0;
        const float *p = x + at, *g = dy + at, *v = act == MM_NORM_LINEAR ? p : y + at;
        float *w = writes ? dresidual + at : NULL;
        MM_LOOP for (long k = 0; k < width; k++) {
          const float g0 = passed(g[k], v[k], act);
          if (writes) w[k] = g0;
          s[k] += g0;
          q[k] += g0 * (p[k] - h[k]);
        }
      }
      MM_LOOP for (long k = 0; k < width; k++) {
        total[k] += (double)s[k];
        total[c + k] += (double)q[k];
      }
    }
  }
}

MM_CLONES static void products(long rows, long c, const float *x, const float *dy, const float *y,
                               mm_norm_activation act, const float *mean, float *dresidual, double *sums) {
  const int writes = dresidual != NULL;
  if (act == MM_NORM_LINEAR && !writes) products_of(rows, c, x, dy, y, MM_NORM_LINEAR, mean, dresidual, 0, sums);
  if (act == MM_NORM_LINEAR && writes) products_of(rows, c, x, dy, y, MM_NORM_LINEAR, mean, dresidual, 1, sums);
  if (act == MM_NORM_RELU && !writes) products_of(rows, c, x, dy, y, MM_NORM_RELU, mean, dresidual, 0, sums);
  if (act == MM_NORM_RELU && writes) products_of(rows, c, x, dy, y, MM_NORM_RELU, mean, dresidual, 1, sums);
  if (act == MM_NORM_RELU6 && !writes) products_of(rows, c, x, dy, y, MM_NORM_RELU6, mean, dresidual, 0, sums);
  if (act == MM_NORM_RELU6 && writes) products_of(rows, c, x, dy, y, MM_NORM_RELU6, mean, dresidual, 1, sums);
}

struct columns {
  long rows, c, parts, part_rows;
  const float *x, *dy, *y, *shift;
  mm_norm_activation activation;
  float *dresidual;
  double *partial;  // [images, parts, 2, c]
};

static void columns_task(void *context, int task, int worker) {
  (void)worker;
  const struct columns *s = context;
  long image = task / s->parts, r0 = task % s->parts * s->part_rows, at = (image * s->rows + r0) * s->c;
  long rows = mm_min_long(s->part_rows, s->rows - r0);
  double *sums = s->partial + (long)task * 2 * s->c;
  const float *shift = s->shift + image * s->c;
  memset(sums, 0, (size_t)(2 * s->c) * sizeof *sums);
  if (s->dy) {
    products(rows, s->c, s->x + at, s->dy + at, s->y ? s->y + at : NULL, s->activation, shift,
             s->dresidual ? s->dresidual + at : NULL, sums);
  } else {
    moments(rows, s->c, s->x + at, shift, sums);
  }
}

static void run(long images, struct columns *s, double *sums) {
  if (images <= 0 || s->c <= 0) return;
  s->part_rows = mm_max_long(BLOCK_ROWS, mm_rows_per_task(s->c) / BLOCK_ROWS * BLOCK_ROWS);
  s->parts = mm_max_long(1, mm_div_up(s->rows, s->part_rows));
  s->partial = s->parts == 1 ? sums : mm_temporary((size_t)(images * s->parts * 2 * s->c) * sizeof(double));
  mm_parallel((int)(images * s->parts), columns_task, s);
  if (s->parts == 1) return;
  for (long i = 0; i < images; i++) {
    const double *p = s->partial + i * s->parts * 2 * s->c;
    double *total = sums + i * 2 * s->c;
    memcpy(total, p, (size_t)(2 * s->c) * sizeof *total);
    for (long k = 1; k < s->parts; k++) {
      p += 2 * s->c;
      for (long j = 0; j < 2 * s->c; j++) total[j] += p[j];
    }
  }
  free(s->partial);
}

void mm_column_moments(long images, long rows, long c, const float *x, float *shift, double *sums) {
  long samples = mm_min_long(rows, 16);
  for (long i = 0; i < images; i++) {
    float *h = shift + i * c;
    memset(h, 0, (size_t)c * sizeof *h);
    for (long k = 0; k < samples; k++) {
      const float *p = x + (i * rows + k * rows / samples) * c;
      for (long j = 0; j < c; j++) h[j] += p[j] * 0.0625f;
    }
    // Fewer than 16 rows: any value near the data will do as a shift.
    if (samples > 0 && samples < 16) memcpy(h, x + i * rows * c, (size_t)c * sizeof *h);
  }
  struct columns s = {.rows = rows, .c = c, .x = x, .shift = shift};
  run(images, &s, sums);
}

void mm_moments_to_stats(long images, long rows, long c, const float *shift, const double *sums, double *mean,
                         double *var) {
  for (long i = 0; i < images; i++)
    for (long k = 0; k < c; k++) {
      double d = sums[i * 2 * c + k] / (double)rows, q = sums[i * 2 * c + c + k] / (double)rows;
      double v = q - d * d;
      mean[i * c + k] = (double)shift[i * c + k] + d;
      var[i * c + k] = v < 0 ? 0 : v;
    }
}

void mm_column_products(long images, long rows, long c, const float *x, const float *dy, const float *y,
                        mm_norm_activation activation, const float *mean, float *dresidual, double *sums) {
  struct columns s = {.rows = rows, .c = c, .x = x, .dy = dy, .y = y, .shift = mean};
  s.activation = activation;
  s.dresidual = dresidual;
  run(images, &s, sums);
}
