#include "math_flat.h"

#include <stdio.h>
#include <stdlib.h>

#include "mm_pool.h"

struct flat_loop {
  mm_flat_fn run;
  long n, chunk;
  const mm_flat *flat;
};

static void flat_task(void *context, int task, int worker) {
  (void)worker;
  const struct flat_loop *loop = context;
  long start = task * loop->chunk;
  mm_flat f = *loop->flat;
  for (int i = 0; i < 4; i++) {
    if (f.in[i]) f.in[i] = (const char *)f.in[i] + start * f.in_size[i];
    if (f.out[i]) f.out[i] = (char *)f.out[i] + start * f.out_size[i];
  }
  loop->run(mm_min_long(loop->chunk, loop->n - start), &f);
}

void mm_flat_run(mm_flat_fn run, long n, long chunk, const mm_flat *f) {
  if (n <= 0) return;
  if (n <= chunk) {
    run(n, f);
    return;
  }
  struct flat_loop loop = {run, n, chunk, f};
  mm_parallel((int)mm_div_up(n, chunk), flat_task, &loop);
}

void *mm_temporary(size_t bytes) {
  void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
  if (p) return p;
  fputs("out of memory for a kernel's temporary array\n", stderr);
  abort();
}
