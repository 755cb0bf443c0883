#include "math_walk.h"

#include "math_flat.h"
#include "mm_pool.h"

void mm_walk_add(mm_walk *w, const void *base, long size, const long *strides) {
  int k = w->operands++;
  w->base[k] = (char *)base;
  w->size[k] = size;
  for (int d = 0; d < w->rank; d++) w->strides[k][d] = strides[d];
}

void mm_walk_coalesce(mm_walk *w) {
  int rank = 0;
  for (int d = 0; d < w->rank; d++) {
    if (w->shape[d] == 1) continue;
    int joined = rank > 0;
    for (int k = 0; k < w->operands && joined; k++)
      joined = w->strides[k][rank - 1] == w->strides[k][d] * w->shape[d];
    if (joined) {
      w->shape[rank - 1] *= w->shape[d];
    } else {
      w->shape[rank++] = w->shape[d];
    }
    for (int k = 0; k < w->operands; k++) w->strides[k][rank - 1] = w->strides[k][d];
  }
  w->rank = rank;
}

void mm_dense_strides(int rank, const long *shape, long *strides) {
  long stride = 1;
  for (int d = rank - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= shape[d];
  }
}

struct walk_loop {
  mm_walk_fn run;
  const mm_walk *w;
  long total, chunk;
  const void *context;
};

static void walk_task(void *context, int task, int worker) {
  (void)worker;
  const struct walk_loop *loop = context;
  const mm_walk *w = loop->w;
  long start = task * loop->chunk, left = mm_min_long(loop->chunk, loop->total - start);
  long index[MM_MAX_RANK], step[MM_MAX_OPERANDS], row_step[MM_MAX_OPERANDS];
  char *p[MM_MAX_OPERANDS];
  int last = w->rank - 1;
  for (int k = 0; k < w->operands; k++) {
    p[k] = w->base[k];
    step[k] = w->strides[k][last];
    row_step[k] = last > 0 ? w->strides[k][last - 1] * w->size[k] : 0;
  }
  for (int d = last; d >= 0; d--) {
    index[d] = start % w->shape[d];
    start /= w->shape[d];
    for (int k = 0; k < w->operands; k++) p[k] += index[d] * w->strides[k][d] * w->size[k];
  }
  while (left > 0) {
    // Part of a row, or as many whole rows as the next outer dimension has left.
    long n = mm_min_long(left, w->shape[last] - index[last]), rows = 1;
    if (n == w->shape[last] && last > 0) rows = mm_min_long(left / n, w->shape[last - 1] - index[last - 1]);
    loop->run(rows, n, p, step, row_step, loop->context);
    left -= rows * n;
    if (left == 0) return;
    for (int k = 0; k < w->operands; k++) p[k] += rows * row_step[k] - index[last] * step[k] * w->size[k];
    index[last] = 0;
    // Carry from dimension last - 1 outwards.
    index[last - 1] += rows;
    for (int d = last - 1; d > 0 && index[d] == w->shape[d]; d--) {
      for (int k = 0; k < w->operands; k++)
        p[k] += (w->strides[k][d - 1] - w->shape[d] * w->strides[k][d]) * w->size[k];
      index[d] = 0;
      index[d - 1]++;
    }
  }
}

void mm_walk_run(mm_walk_fn run, const mm_walk *w, long chunk, const void *context) {
  long total = 1;
  for (int d = 0; d < w->rank; d++) total *= w->shape[d];
  if (total <= 0) return;
  if (w->rank == 0) {
    static const long step[MM_MAX_OPERANDS] = {0};
    run(1, 1, w->base, step, step, context);
    return;
  }
  struct walk_loop loop = {run, w, total, chunk, context};
  mm_parallel((int)mm_div_up(total, chunk), walk_task, &loop);
}
