// Sorting rows, and the first k of each. A number's order and its position make one 64-bit key, so that no two keys are
// equal and any way of sorting them is stable. Rows are shorter than 2^32.
#include <stdlib.h>

#include "index_internal.h"

enum { BITS = 11, BUCKETS = 1 << BITS, SMALL = 48, FEW = 32 };

// Ascending keys are ascending numbers; -0 equals 0, and all NaN are equal and above infinity.
MM_INLINE uint32_t order(float x) {
  uint32_t u = mm_bits(x + 0.0f);
  u ^= (uint32_t)((int32_t)u >> 31) | 0x80000000u;
  return x != x ? UINT32_MAX : u;
}

MM_CLONES static void make_keys(long n, const float *x, uint32_t flip, uint64_t *key) {
  for (long i = 0; i < n; i++) key[i] = (uint64_t)(order(x[i]) ^ flip) << 32 | (uint32_t)i;
}

static void insertion_sort(long n, uint64_t *key) {
  for (long i = 1; i < n; i++) {
    const uint64_t k = key[i];
    long j = i;
    for (; j > 0 && key[j - 1] > k; j--) key[j] = key[j - 1];
    key[j] = k;
  }
}

// Sorts the keys, which are in the order of their positions, by 11, 11 and 10 bits of their upper halves. `spare` has
// room for n; the result is in the block that is returned.
static uint64_t *sort_keys(long n, uint64_t *key, uint64_t *spare) {
  if (n <= SMALL) {
    insertion_sort(n, key);
    return key;
  }
  uint32_t count[3][BUCKETS] = {0};
  for (long i = 0; i < n; i++) {
    const uint32_t u = (uint32_t)(key[i] >> 32);
    count[0][u % BUCKETS]++, count[1][u >> BITS & (BUCKETS - 1)]++, count[2][u >> 2 * BITS]++;
  }
  for (int pass = 0; pass < 3; pass++) {
    const int shift = 32 + pass * BITS;
    uint32_t *place = count[pass], sum = 0;
    if (place[key[0] >> shift & (BUCKETS - 1)] == n) continue;  // all have the same digit
    for (int b = 0; b < BUCKETS; b++) {
      const uint32_t before = sum;
      sum += place[b];
      place[b] = before;
    }
    for (long i = 0; i < n; i++) spare[place[key[i] >> shift & (BUCKETS - 1)]++] = key[i];
    uint64_t *swap = key;
    key = spare, spare = swap;
  }
  return key;
}

// The k least of n keys, ascending, by insertion: for k up to FEW.
static uint64_t *few_least(long n, long k, const uint64_t *key, uint64_t *least) {
  long have = 0;
  for (long i = 0; i < n; i++) {
    const uint64_t u = key[i];
    if (have == k) {
      if (u > least[k - 1]) continue;
      have--;
    }
    long j = have++;
    for (; j > 0 && least[j - 1] > u; j--) least[j] = least[j - 1];
    least[j] = u;
  }
  return least;
}

// Drops the keys whose upper 11 bits alone put them behind k others, then sorts the rest.
static uint64_t *many_least(long n, long k, uint64_t *key, uint64_t *spare) {
  uint32_t count[BUCKETS] = {0};
  for (long i = 0; i < n; i++) count[key[i] >> (64 - BITS)]++;
  long sum = 0;
  uint64_t last = 0;
  while ((sum += count[last]) < k) last++;
  long kept = 0;
  for (long i = 0; i < n; i++)
    if (key[i] >> (64 - BITS) <= last) key[kept++] = key[i];
  return sort_keys(kept, key, spare);
}

struct sort_loop {
  long rows, n, k, rows_per_task;
  uint32_t flip;
  const float *x;
  float *value;
  int64_t *index;
};

static void task(void *context, int task, int worker) {
  (void)worker;
  const struct sort_loop *loop = context;
  const long n = loop->n, k = loop->k, first = task * loop->rows_per_task;
  const long end = mm_min_long(loop->rows, first + loop->rows_per_task);
  uint64_t *key = mm_temporary((size_t)n * 2 * sizeof *key), *spare = key + n;
  for (long r = first; r < end; r++) {
    const float *x = loop->x + r * n;
    make_keys(n, x, loop->flip, key);
    uint64_t *sorted;
    if (k == n) {
      sorted = sort_keys(n, key, spare);
    } else if (k <= FEW) {
      sorted = few_least(n, k, key, spare);
    } else {
      sorted = many_least(n, k, key, spare);
    }
    if (loop->index)
      for (long i = 0; i < k; i++) loop->index[r * k + i] = (uint32_t)sorted[i];
    if (!loop->value) continue;
    float *copy = (float *)(sorted == key ? spare : key);  // `value` may be x
    for (long i = 0; i < k; i++) copy[i] = x[(uint32_t)sorted[i]];
    memcpy(loop->value + r * k, copy, (size_t)k * sizeof *copy);
  }
  free(key);
}

static void run(long rows, long n, long k, int descending, const float *x, float *value, int64_t *index) {
  if (rows * k == 0) return;
  struct sort_loop loop = {rows, n, k, mm_rows_per_task(n * 8), descending ? UINT32_MAX : 0, x, value, index};
  mm_parallel((int)mm_div_up(rows, loop.rows_per_task), task, &loop);
}

void mm_sort(long rows, long n, int descending, const float *x, float *value, int64_t *index) {
  run(rows, n, n, descending, x, value, index);
}

void mm_topk(long rows, long n, long k, int largest, const float *x, float *value, int64_t *index) {
  run(rows, n, k, largest, x, value, index);
}
