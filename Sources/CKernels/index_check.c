// Bounds of indices.
#include "index_internal.h"

struct check_loop {
  long count, limit;
  const int64_t *index;
  long first_bad;  // position, or `count`
};

// As unsigned numbers, negative indices are large.
MM_CLONES static int any_bad(long n, const int64_t *index, uint64_t limit) {
  int bad = 0;
  for (long i = 0; i < n; i++) bad |= (uint64_t)index[i] >= limit;
  return bad;
}

static void task(void *context, int task, int worker) {
  (void)worker;
  struct check_loop *loop = context;
  const long start = (long)task * MM_CHUNK_LIGHT, n = mm_min_long(MM_CHUNK_LIGHT, loop->count - start);
  const uint64_t limit = (uint64_t)loop->limit;
  if (!any_bad(n, loop->index + start, limit)) return;
  long i = start;
  while ((uint64_t)loop->index[i] < limit) i++;
  long before = __atomic_load_n(&loop->first_bad, __ATOMIC_RELAXED);
  while (i < before) {
    if (__atomic_compare_exchange_n(&loop->first_bad, &before, i, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return;
  }
}

long mm_index_check(long count, long limit, const int64_t *index) {
  if (count <= 0) return 0;
  struct check_loop loop = {count, limit, index, count};
  mm_parallel((int)mm_div_up(count, MM_CHUNK_LIGHT), task, &loop);
  return loop.first_bad == count ? 0 : loop.first_bad + 1;
}
