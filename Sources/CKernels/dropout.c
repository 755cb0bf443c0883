#include "mm_dropout.h"

#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"

// Elements that share a key; also the pieces of the pool, so that a task needs one key.
enum { BLOCK = 16384 };

struct dropout {
  long n;
  uint32_t threshold;
  int everything;
  float scale;
  uint64_t seed;
  const float *x;
  float *y;
};

// The finalising step of splitmix64: a key for each block.
static uint64_t block_key(uint64_t seed, uint64_t block) {
  uint64_t z = seed + (block + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Two rounds of a 32-bit mixing function with a key between them: multiplications that vectorise.
MM_INLINE uint32_t mix(uint32_t h) {
  h = (h ^ (h >> 16)) * 0x7feb352du;
  h = (h ^ (h >> 15)) * 0x846ca68bu;
  return h ^ (h >> 16);
}

MM_CLONES static void dropout_block(
    long n, uint32_t low, uint32_t high, uint32_t threshold, float scale, const float *x, float *y) {
  MM_LOOP for (long i = 0; i < n; i++) {
    uint32_t h = mix(mix((uint32_t)i * 0x9e3779b9u + low) ^ high);
    y[i] = h >= threshold ? x[i] * scale : 0.0f;
  }
}

static void dropout_task(void *context, int task, int worker) {
  (void)worker;
  const struct dropout *d = context;
  long start = (long)task * BLOCK, n = mm_min_long(BLOCK, d->n - start);
  if (d->everything) {
    memset(d->y + start, 0, (size_t)n * sizeof(float));
    return;
  }
  uint64_t key = block_key(d->seed, (uint64_t)task);
  dropout_block(n, (uint32_t)key, (uint32_t)(key >> 32), d->threshold, d->scale, d->x + start, d->y + start);
}

void mm_dropout(long n, float p, float scale, uint64_t seed, const float *x, float *y) {
  double threshold = (double)p * 4294967296.0;
  struct dropout d = {n, 0, p >= 1.0f, scale, seed, x, y};
  if (!d.everything) d.threshold = threshold <= 0.0 ? 0 : (uint32_t)threshold;
  mm_parallel((int)mm_div_up(n, BLOCK), dropout_task, &d);
}
