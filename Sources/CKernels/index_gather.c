// An index for each element: gather, scatter, and scatter with addition.
#include "index_internal.h"

struct gather_loop {
  long n, inner, m, rows, per_task, blocks;
  const float *from;
  const int64_t *index;
  float *to;
};

static void gather(void *context, int task, int worker) {
  (void)worker;
  const struct gather_loop *loop = context;
  const long inner = loop->inner, first = task * loop->per_task, end = mm_min_long(loop->rows, first + loop->per_task);
  long o = first / loop->m, j = first % loop->m;
  for (long r = first; r < end; r++) {
    const float *from = loop->from + o * loop->n * inner;
    const int64_t *index = loop->index + r * inner;
    float *to = loop->to + r * inner;
    for (long i = 0; i < inner; i++) to[i] = from[index[i] * inner + i];
    if (++j == loop->m) j = 0, o++;
  }
}

long mm_gather(long outer, long n, long inner, long m, const float *x, const int64_t *index, float *y) {
  long bad = mm_index_check(outer * m * inner, n, index);
  if (bad || outer * m * inner == 0) return bad;
  struct gather_loop loop = {n, inner, m, outer * m, mm_rows_per_task(inner), 0, x, index, y};
  mm_parallel((int)mm_div_up(loop.rows, loop.per_task), gather, &loop);
  return 0;
}

// A column of LANES numbers of one outer index takes its elements in order: places may come up more than once.
enum { LANES = 64 };

MM_INLINE void place(const struct gather_loop *loop, int task, const int adds) {
  const long inner = loop->inner, first = task * loop->per_task, end = mm_min_long(loop->rows, first + loop->per_task);
  for (long u = first; u < end; u++) {
    const long o = u / loop->blocks, start = u % loop->blocks * LANES, lanes = mm_min_long(LANES, inner - start);
    const float *from = loop->from + o * loop->m * inner + start;
    const int64_t *index = loop->index + o * loop->m * inner + start;
    float *to = loop->to + o * loop->n * inner + start;
    for (long j = 0; j < loop->m; j++)
      for (long i = 0; i < lanes; i++) {
        float *p = to + index[j * inner + i] * inner + i;
        *p = adds ? *p + from[j * inner + i] : from[j * inner + i];
      }
  }
}
static void put(void *context, int task, int worker) {
  (void)worker;
  place(context, task, 0);
}
static void add(void *context, int task, int worker) {
  (void)worker;
  place(context, task, 1);
}

static long scatter(mm_task_fn run, long outer, long n, long inner, long m, const float *y, const int64_t *index,
                    float *x) {
  long bad = mm_index_check(outer * m * inner, n, index);
  if (bad || outer * m * inner == 0) return bad;
  const long blocks = mm_div_up(inner, LANES);
  struct gather_loop loop = {n, inner, m, outer * blocks, mm_rows_per_task(m * mm_min_long(LANES, inner)),
                             blocks, y, index, x};
  mm_parallel((int)mm_div_up(loop.rows, loop.per_task), run, &loop);
  return 0;
}

long mm_scatter(long outer, long n, long inner, long m, const float *y, const int64_t *index, float *x) {
  return scatter(put, outer, n, inner, m, y, index, x);
}
long mm_scatter_add(long outer, long n, long inner, long m, const float *y, const int64_t *index, float *x) {
  return scatter(add, outer, n, inner, m, y, index, x);
}
