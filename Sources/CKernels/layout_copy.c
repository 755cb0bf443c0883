// Strided copies: memory moves where rows are dense, blocked transposes where the fast axes differ.
#include <string.h>

#include "math_flat.h"
#include "math_inline.h"
#include "math_walk.h"
#include "mm_layout.h"
#include "layout_transpose.h"

#define COPY_ROW(bits)                                                                                       \
  static void copy_row_##bits(long rows, long n, char *const *p, const long *step, const long *row_step,     \
                              const void *context) {                                                         \
    (void)context;                                                                                           \
    const long sd = step[0], ss = step[1];                                                                   \
    for (long r = 0; r < rows; r++) {                                                                        \
      uint##bits##_t *d = (uint##bits##_t *)(p[0] + r * row_step[0]);                                        \
      const uint##bits##_t *s = (const uint##bits##_t *)(p[1] + r * row_step[1]);                            \
      if (sd == 1 && ss == 1 && n * (bits / 8) >= 1024) {                                                    \
        memcpy(d, s, (size_t)n * (bits / 8));                                                                \
      } else if (sd == 1 && ss == 1) {                                                                       \
        MM_LOOP for (long i = 0; i < n; i++) d[i] = s[i];                                                    \
      } else if (sd == 1 && ss == 0) {                                                                       \
        const uint##bits##_t v = *s;                                                                         \
        MM_LOOP for (long i = 0; i < n; i++) d[i] = v;                                                       \
      } else {                                                                                               \
        for (long i = 0; i < n; i++) d[i * sd] = s[i * ss];                                                  \
      }                                                                                                      \
    }                                                                                                        \
  }
COPY_ROW(8)
COPY_ROW(16)
COPY_ROW(32)
COPY_ROW(64)

static long magnitude(long v) { return v < 0 ? -v : v; }

// Orders dimensions by falling destination stride, so that the destination is written in its own order.
static void sort_dimensions(mm_walk *w) {
  for (int i = 1; i < w->rank; i++)
    for (int j = i; j > 0 && magnitude(w->strides[0][j - 1]) < magnitude(w->strides[0][j]); j--) {
      long t = w->shape[j];
      w->shape[j] = w->shape[j - 1];
      w->shape[j - 1] = t;
      for (int k = 0; k < w->operands; k++) {
        t = w->strides[k][j];
        w->strides[k][j] = w->strides[k][j - 1];
        w->strides[k][j - 1] = t;
      }
    }
}

// Whether the copy is a batch of plain transposes; runs them if so.
static int copy_transposed(int size, const mm_walk *w) {
  int last = w->rank - 1, fast = -1;
  if (last < 1 || w->strides[0][last] != 1 || w->strides[1][last] == 1) return 0;
  for (int d = 0; d < last; d++)
    if (w->strides[1][d] == 1) fast = d;
  // Destination [..., cols (fast), ..., rows (last)]; source rows lie strides[1][last] apart.
  if (fast < 0 || w->strides[1][last] < w->shape[fast] || w->shape[fast] < 2) return 0;
  mm_transposes t = {.size = size,
                     .rows = w->shape[last],
                     .cols = w->shape[fast],
                     .src_row = w->strides[1][last],
                     .dst_row = w->strides[0][fast],
                     .src = w->base[1],
                     .dst = w->base[0]};
  for (int d = 0; d < last; d++)
    if (d != fast) {
      t.shape[t.rank] = w->shape[d];
      t.src_strides[t.rank] = w->strides[1][d];
      t.dst_strides[t.rank++] = w->strides[0][d];
    }
  mm_run_transposes(&t);
  return 1;
}

static mm_walk make_walk(int size, int rank, const long *shape, const long *src_strides, const void *src,
                         const long *dst_strides, void *dst) {
  mm_walk w = {.rank = rank};
  memcpy(w.shape, shape, (size_t)rank * sizeof *shape);
  mm_walk_add(&w, dst, size, dst_strides);
  mm_walk_add(&w, src, size, src_strides);
  sort_dimensions(&w);
  mm_walk_coalesce(&w);
  return w;
}

void mm_strided_copy(int size, int rank, const long *shape, const long *src_strides, const void *src,
                     const long *dst_strides, void *dst) {
  for (int d = 0; d < rank; d++)
    if (shape[d] <= 0) return;
  mm_walk w = make_walk(size, rank, shape, src_strides, src, dst_strides, dst);
  if (copy_transposed(size, &w)) return;
  mm_walk_fn run = size == 1 ? copy_row_8 : size == 2 ? copy_row_16 : size == 4 ? copy_row_32 : copy_row_64;
  mm_walk_run(run, &w, MM_CHUNK_LIGHT, NULL);
}

MM_CLONES static void add_row(long rows, long n, char *const *p, const long *step, const long *row_step,
                              const void *context) {
  (void)context;
  const long sd = step[0], ss = step[1];
  for (long r = 0; r < rows; r++) {
    float *d = (float *)(p[0] + r * row_step[0]);
    const float *s = (const float *)(p[1] + r * row_step[1]);
    if (sd == 1 && ss == 1) {
      MM_LOOP for (long i = 0; i < n; i++) d[i] += s[i];
    } else {
      for (long i = 0; i < n; i++) d[i * sd] += s[i * ss];
    }
  }
}

void mm_strided_add(int rank, const long *shape, const long *src_strides, const float *src, const long *dst_strides,
                    float *dst) {
  for (int d = 0; d < rank; d++)
    if (shape[d] <= 0) return;
  mm_walk w = make_walk(4, rank, shape, src_strides, src, dst_strides, dst);
  mm_walk_run(add_row, &w, MM_CHUNK_LIGHT, NULL);
}
