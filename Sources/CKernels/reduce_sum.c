// Sums and means.
#include <stdlib.h>

#include "math_flat.h"
#include "mm_optim.h"
#include "mm_pool.h"
#include "mm_reduce.h"
#include "reduce_inline.h"
#include "reduce_parts.h"

#define X16(i) MM_LOAD16(x + (i))
#define X1(i) x[i]
#define XX16(i) (MM_LOAD16(x + (i)) * MM_LOAD16(x + (i)))
#define XX1(i) (x[i] * x[i])
#define XY16(i) (MM_LOAD16(x + (i)) * MM_LOAD16(y + (i)))
#define XY1(i) (x[i] * y[i])
#define ABS1(i) mm_abs(x[i])

MM_CLONES static double sum_piece(long n, const float *x, const float *y) {
  (void)y;
  double total = 0;
  MM_BLOCK_SUM(total, n, X16, X1);
  return total;
}
MM_CLONES static double dot_piece(long n, const float *x, const float *y) {
  double total = 0;
  MM_BLOCK_SUM(total, n, XY16, XY1);
  return total;
}
// Squares are taken in double: they may leave the range of f32.
MM_CLONES static double squares_piece(long n, const float *x, const float *y) {
  (void)y;
  double lanes[16] = {0}, total = 0;
  long i = 0;
  for (; i + 16 <= n; i += 16)
    for (int l = 0; l < 16; l++) lanes[l] += (double)x[i + l] * x[i + l];
  for (; i < n; i++) total += (double)x[i] * x[i];
  for (int l = 0; l < 16; l++) total += lanes[l];
  return total;
}
MM_CLONES static double abs_piece(long n, const float *x, const float *y) {
  (void)y;
  double lanes[16] = {0}, total = 0;
  long i = 0;
  for (; i + 16 <= n; i += 16)
    for (int l = 0; l < 16; l++) lanes[l] += (double)mm_abs(x[i + l]);
  for (; i < n; i++) total += (double)mm_abs(x[i]);
  for (int l = 0; l < 16; l++) total += lanes[l];
  return total;
}

typedef double (*piece_fn)(long n, const float *x, const float *y);
struct whole {
  piece_fn piece;
  long n;
  const float *x, *y;
  double *partial;
};
static void whole_task(void *context, int task, int worker) {
  (void)worker;
  const struct whole *s = context;
  long start = (long)task * MM_CHUNK_LIGHT;
  s->partial[task] =
      s->piece(mm_min_long(MM_CHUNK_LIGHT, s->n - start), s->x + start, s->y ? s->y + start : NULL);
}
static double whole(piece_fn piece, long n, const float *x, const float *y) {
  if (n <= MM_CHUNK_LIGHT) return piece(n, x, y);
  long tasks = mm_div_up(n, MM_CHUNK_LIGHT);
  struct whole s = {piece, n, x, y, mm_temporary((size_t)tasks * sizeof(double))};
  mm_parallel((int)tasks, whole_task, &s);
  double total = 0;
  for (long t = 0; t < tasks; t++) total += s.partial[t];
  free(s.partial);
  return total;
}
double mm_sum(long n, const float *x) { return whole(sum_piece, n, x, NULL); }
double mm_dot(long n, const float *x, const float *y) { return whole(dot_piece, n, x, y); }
double mm_sum_of_squares(long n, const float *x) { return whole(squares_piece, n, x, NULL); }
double mm_sum_of_abs(long n, const float *x) { return whole(abs_piece, n, x, NULL); }

// Adds rows of x [n, inner] into total [inner]: blocks of 64 rows in f32, blocks in double. `stride` is a row's distance.
MM_CLONES static void sum_columns(long n, long inner, long stride, const float *x, double *total) {
  float block[256];
  for (long c0 = 0; c0 < inner; c0 += 256) {
    const long width = inner - c0 < 256 ? inner - c0 : 256;
    for (long r0 = 0; r0 < n; r0 += 64) {
      const long end = r0 + 64 < n ? r0 + 64 : n;
      for (long c = 0; c < width; c++) block[c] = 0;
      long r = r0;
      for (; r + 4 <= end; r += 4) {
        const float *p = x + r * stride + c0;
        MM_LOOP for (long c = 0; c < width; c++)
          block[c] += (p[c] + p[stride + c]) + (p[2 * stride + c] + p[3 * stride + c]);
      }
      for (; r < end; r++) {
        const float *p = x + r * stride + c0;
        MM_LOOP for (long c = 0; c < width; c++) block[c] += p[c];
      }
      MM_LOOP for (long c = 0; c < width; c++) total[c0 + c] += (double)block[c];
    }
  }
}

struct sums {
  long outer, n, inner, parts, part_rows, outers;  // `outers` outer indices a task, or `parts` tasks an outer index
  const float *x;
  float *y;
  double *partial;
};

static void row_sums_task(void *context, int task, int worker) {
  (void)worker;
  const struct sums *s = context;
  long start = task * s->outers, end = mm_min_long(start + s->outers, s->outer);
  for (long o = start; o < end; o++) s->y[o] = (float)sum_piece(s->n, s->x + o * s->n, NULL);
}

static void column_sums_task(void *context, int task, int worker) {
  (void)worker;
  const struct sums *s = context;
  double *total = mm_scratch(7, (size_t)s->inner * sizeof(double));
  long start = task * s->outers, end = mm_min_long(start + s->outers, s->outer);
  for (long o = start; o < end; o++) {
    memset(total, 0, (size_t)s->inner * sizeof(double));
    sum_columns(s->n, s->inner, s->inner, s->x + o * s->n * s->inner, total);
    for (long c = 0; c < s->inner; c++) s->y[o * s->inner + c] = (float)total[c];
  }
}

static void column_parts_task(void *context, int task, int worker) {
  (void)worker;
  const struct sums *s = context;
  long o = task / s->parts, r0 = task % s->parts * s->part_rows;
  double *total = s->partial + task * s->inner;
  memset(total, 0, (size_t)s->inner * sizeof(double));
  sum_columns(mm_min_long(s->part_rows, s->n - r0), s->inner, s->inner, s->x + (o * s->n + r0) * s->inner, total);
}

void mm_sum_middle(long outer, long n, long inner, const float *x, float *y) {
  struct sums s = {.outer = outer, .n = n, .inner = inner, .x = x, .y = y};
  long per_outer = n * inner;
  if (inner == 1) {
    if (outer <= 4 || n >= 4 * MM_CHUNK_LIGHT) {
      for (long o = 0; o < outer; o++) y[o] = (float)mm_sum(n, x + o * n);
      return;
    }
    s.outers = mm_rows_per_task(n);
    mm_parallel((int)mm_div_up(outer, s.outers), row_sums_task, &s);
    return;
  }
  if (per_outer <= 2 * MM_CHUNK_LIGHT || n < 128 || outer >= 64) {
    s.outers = mm_rows_per_task(per_outer);
    mm_parallel((int)mm_div_up(outer, s.outers), column_sums_task, &s);
    return;
  }
  s.part_rows = mm_max_long(64, mm_rows_per_task(inner) / 64 * 64);
  s.parts = mm_div_up(n, s.part_rows);
  s.partial = mm_temporary((size_t)(outer * s.parts * inner) * sizeof(double));
  mm_parallel((int)(outer * s.parts), column_parts_task, &s);
  for (long o = 0; o < outer; o++) {
    double *total = s.partial + o * s.parts * inner;
    for (long k = 1; k < s.parts; k++)
      for (long c = 0; c < inner; c++) total[c] += total[k * inner + c];
    for (long c = 0; c < inner; c++) y[o * inner + c] = (float)total[c];
  }
  free(s.partial);
}
