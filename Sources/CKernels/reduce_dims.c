// Reductions over any dimensions, and running sums.
#include <stdlib.h>
#include <string.h>

#include "math_flat.h"
#include "math_walk.h"
#include "mm_elementwise.h"
#include "mm_layout.h"
#include "mm_pool.h"
#include "mm_reduce.h"
#include "reduce_parts.h"

static void middle(mm_reduction op, long outer, long n, long inner, const float *x, float *y) {
  if (outer <= 0 || inner <= 0) return;
  switch (op) {
    case MM_REDUCE_SUM:
    case MM_REDUCE_MEAN: mm_sum_middle(outer, n, inner, x, y); break;
    case MM_REDUCE_MAX: mm_max_middle(outer, n, inner, x, y); break;
    case MM_REDUCE_MIN: mm_min_middle(outer, n, inner, x, y); break;
    case MM_REDUCE_PROD: mm_prod_middle(outer, n, inner, x, y); break;
  }
}

void mm_reduce(mm_reduction op, long outer, long n, long inner, const float *x, float *y) {
  middle(op, outer, n, inner, x, y);
  if (op == MM_REDUCE_MEAN) mm_binary_scalar(MM_BINARY_DIV, outer * inner, y, (float)n, y);
}

void mm_reduce_dims(mm_reduction op, int rank, const long *shape, const long *strides, const uint8_t *reduced,
                    const float *x, float *y) {
  long size[MM_MAX_RANK], dense[MM_MAX_RANK], total = 1, results = 1, count = 1;
  int is_reduced[MM_MAX_RANK], groups = 0, is_dense = 1;
  mm_dense_strides(rank, shape, dense);
  for (int d = 0; d < rank; d++) {
    total *= shape[d];
    if (shape[d] > 1) is_dense &= strides[d] == dense[d];
    *(reduced[d] ? &count : &results) *= shape[d];
    if (shape[d] == 1) continue;
    if (groups > 0 && is_reduced[groups - 1] == (reduced[d] != 0)) {
      size[groups - 1] *= shape[d];
    } else {
      size[groups] = shape[d];
      is_reduced[groups++] = reduced[d] != 0;
    }
  }
  if (results <= 0) return;
  if (total <= 0) {  // every result is that of an empty set
    middle(op, results, 0, 1, x, y);
    if (op == MM_REDUCE_MEAN) mm_fill(results, 0.0f / 0.0f, y);
    return;
  }
  float *copy = NULL;
  const float *from = x;
  if (!is_dense) {
    copy = mm_temporary((size_t)total * sizeof(float));
    mm_strided_copy(4, rank, shape, strides, x, dense, copy);
    from = copy;
  }
  // From the last reduced group to the first; all but the last step write to temporary arrays.
  int left = 0;
  for (int g = 0; g < groups; g++) left += is_reduced[g];
  if (left == 0) memcpy(y, from, (size_t)results * sizeof(float));
  long inner = 1;
  for (int g = groups - 1; g >= 0; g--) {
    if (!is_reduced[g]) {
      inner *= size[g];
      continue;
    }
    long outer = 1;
    for (int k = 0; k < g; k++) outer *= size[k];
    float *to = --left == 0 ? y : mm_temporary((size_t)(outer * inner) * sizeof(float));
    middle(op, outer, size[g], inner, from, to);
    free(copy);
    copy = to == y ? NULL : to;
    from = to;
  }
  free(copy);
  if (op == MM_REDUCE_MEAN) mm_binary_scalar(MM_BINARY_DIV, results, y, (float)count, y);
}

struct scan {
  long outer, n, inner, outers;
  int reverse;
  const float *x;
  float *y;
};
static void scan_task(void *context, int task, int worker) {
  (void)worker;
  const struct scan *s = context;
  double total[64];
  long start = task * s->outers, step = s->reverse ? -s->inner : s->inner;
  for (long o = start; o < mm_min_long(start + s->outers, s->outer); o++)
    for (long c0 = 0; c0 < s->inner; c0 += 64) {
      long width = mm_min_long(64, s->inner - c0);
      long at = (o * s->n + (s->reverse ? s->n - 1 : 0)) * s->inner + c0;
      for (long c = 0; c < width; c++) total[c] = 0;
      for (long i = 0; i < s->n; i++, at += step)
        for (long c = 0; c < width; c++) s->y[at + c] = (float)(total[c] += (double)s->x[at + c]);
    }
}
void mm_cumsum(long outer, long n, long inner, int reverse, const float *x, float *y) {
  struct scan s = {outer, n, inner, mm_rows_per_task(n * inner), reverse, x, y};
  mm_parallel((int)mm_div_up(outer, s.outers), scan_task, &s);
}
