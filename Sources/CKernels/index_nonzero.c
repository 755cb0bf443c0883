// Positions of a mask.
#include <stdlib.h>

#include "index_internal.h"

enum { CHUNK = 65536 };

struct mask_loop {
  long n;
  const uint8_t *mask;
  long *before;  // per piece: how many it holds, then how many come before it
  int64_t *index;
};

MM_CLONES static long count_bytes(long n, const uint8_t *mask) {
  long count = 0;
  for (long i = 0; i < n; i++) count += mask[i] != 0;
  return count;
}

static void count(void *context, int task, int worker) {
  (void)worker;
  const struct mask_loop *loop = context;
  const long start = (long)task * CHUNK;
  loop->before[task] = count_bytes(mm_min_long(CHUNK, loop->n - start), loop->mask + start);
}

static void fill(void *context, int task, int worker) {
  (void)worker;
  const struct mask_loop *loop = context;
  const long start = (long)task * CHUNK, end = mm_min_long(loop->n, start + CHUNK);
  int64_t *index = loop->index + loop->before[task];
  for (long i = start; i < end; i++)
    if (loop->mask[i]) *index++ = i;
}

long mm_nonzero(long n, const uint8_t *mask, int64_t *index) {
  if (n <= 0) return 0;
  const long pieces = mm_div_up(n, CHUNK);
  struct mask_loop loop = {n, mask, mm_temporary((size_t)pieces * sizeof(long)), index};
  mm_parallel((int)pieces, count, &loop);
  long total = 0;
  for (long i = 0; i < pieces; i++) {
    const long here = loop.before[i];
    loop.before[i] = total;
    total += here;
  }
  if (index) mm_parallel((int)pieces, fill, &loop);
  free(loop.before);
  return total;
}
