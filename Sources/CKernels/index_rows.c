// Whole rows by index: taking them, adding to them, embeddings.
#include "index_internal.h"

struct rows_loop {
  long outer, n, inner, m, skipped;
  long units, units_per_task, blocks;
  const float *from;
  const int64_t *index;
  float *to;
};

// Rows of the result, one after another.
static void take(void *context, int task, int worker) {
  (void)worker;
  const struct rows_loop *loop = context;
  const long inner = loop->inner, first = task * loop->units_per_task;
  const long end = mm_min_long(loop->units, first + loop->units_per_task);
  long o = first / loop->m, j = first % loop->m;
  for (long r = first; r < end; r++) {
    const float *from = loop->from + (o * loop->n + loop->index[j]) * inner;
    float *to = loop->to + r * inner;
    if (inner < 16) {
      for (long i = 0; i < inner; i++) to[i] = from[i];
    } else {
      memcpy(to, from, (size_t)inner * sizeof *to);
    }
    if (++j == loop->m) j = 0, o++;
  }
}

long mm_index_select(long outer, long n, long inner, long m, const float *x, const int64_t *index, float *y) {
  long bad = mm_index_check(m, n, index);
  if (bad || outer * m * inner == 0) return bad;
  struct rows_loop loop = {.outer = outer, .n = n, .inner = inner, .m = m, .from = x, .index = index, .to = y};
  loop.units = outer * m;
  loop.units_per_task = mm_rows_per_task(inner);
  mm_parallel((int)mm_div_up(loop.units, loop.units_per_task), take, &loop);
  return 0;
}

// A column of LANES numbers of one outer index takes all summands in their order: rows may come up more than once.
enum { LANES = 64 };

MM_CLONES static void add_block(const struct rows_loop *loop, long o, long start) {
  const long inner = loop->inner, lanes = mm_min_long(LANES, inner - start);
  const float *from = loop->from + o * loop->m * inner + start;
  float *to = loop->to + o * loop->n * inner + start;
  for (long j = 0; j < loop->m; j++) {
    if (loop->index[j] == loop->skipped) continue;
    const float *a = from + j * inner;
    float *b = to + loop->index[j] * inner;
    MM_LOOP for (long i = 0; i < lanes; i++) b[i] += a[i];
  }
}

static void add(void *context, int task, int worker) {
  (void)worker;
  const struct rows_loop *loop = context;
  const long first = task * loop->units_per_task, end = mm_min_long(loop->units, first + loop->units_per_task);
  for (long u = first; u < end; u++) add_block(loop, u / loop->blocks, u % loop->blocks * LANES);
}

static long add_rows(long outer, long n, long inner, long m, long skipped, const float *y, const int64_t *index,
                     float *x) {
  long bad = mm_index_check(m, n, index);
  if (bad || outer * m * inner == 0) return bad;
  struct rows_loop loop = {outer, n, inner, m, skipped, .from = y, .index = index, .to = x};
  loop.blocks = mm_div_up(inner, LANES);
  loop.units = outer * loop.blocks;
  loop.units_per_task = mm_rows_per_task(m * mm_min_long(LANES, inner));
  mm_parallel((int)mm_div_up(loop.units, loop.units_per_task), add, &loop);
  return 0;
}

long mm_index_add(long outer, long n, long inner, long m, const float *y, const int64_t *index, float *x) {
  return add_rows(outer, n, inner, m, -1, y, index, x);
}

long mm_embedding_forward(long rows, long width, long m, const float *table, const int64_t *index, float *y) {
  return mm_index_select(1, rows, width, m, table, index, y);
}

long mm_embedding_backward(long rows, long width, long m, long padding, const float *dy, const int64_t *index,
                           float *dtable) {
  return add_rows(1, rows, width, m, padding, dy, index, dtable);
}

struct one_hot_loop {
  long m, classes, rows_per_task;
  const int64_t *index;
  float *y;
};

static void one_hot(void *context, int task, int worker) {
  (void)worker;
  const struct one_hot_loop *loop = context;
  const long first = task * loop->rows_per_task, end = mm_min_long(loop->m, first + loop->rows_per_task);
  memset(loop->y + first * loop->classes, 0, (size_t)((end - first) * loop->classes) * sizeof(float));
  for (long r = first; r < end; r++) loop->y[r * loop->classes + loop->index[r]] = 1;
}

long mm_one_hot(long m, long classes, const int64_t *index, float *y) {
  long bad = mm_index_check(m, classes, index);
  if (bad || m == 0) return bad;
  struct one_hot_loop loop = {m, classes, mm_rows_per_task(classes), index, y};
  mm_parallel((int)mm_div_up(m, loop.rows_per_task), one_hot, &loop);
  return 0;
}
