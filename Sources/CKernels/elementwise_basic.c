// Choosing by a mask, filling, and scaled sums.
#include "math_flat.h"
#include "math_inline.h"
#include "math_walk.h"
#include "mm_elementwise.h"

MM_CLONES static void where_row(long rows, long n, char *const *ptr, const long *step, const long *row_step,
                                const void *context) {
  (void)context;
  const long sm = step[1], sa = step[2], sb = step[3];
  for (long r = 0; r < rows; r++) {
    float *y = (float *)(ptr[0] + r * row_step[0]);
    const uint8_t *m = (const uint8_t *)ptr[1] + r * row_step[1];
    const float *a = (const float *)(ptr[2] + r * row_step[2]);
    const float *b = (const float *)(ptr[3] + r * row_step[3]);
    if (sm == 1 && sa == 1 && sb == 1) {
      MM_LOOP for (long i = 0; i < n; i++) {
        const float p = a[i], q = b[i];
        y[i] = m[i] ? p : q;
      }
    } else if (sm == 1 && sa == 1 && sb == 0) {
      const float q = *b;
      MM_LOOP for (long i = 0; i < n; i++) {
        const float p = a[i];
        y[i] = m[i] ? p : q;
      }
    } else if (sm == 1 && sa == 0 && sb == 1) {
      const float p = *a;
      MM_LOOP for (long i = 0; i < n; i++) {
        const float q = b[i];
        y[i] = m[i] ? p : q;
      }
    } else {
      for (long i = 0; i < n; i++) y[i] = m[i * sm] ? a[i * sa] : b[i * sb];
    }
  }
}

void mm_where_broadcast(int rank, const long *shape, const long *sm, const long *sa, const long *sb,
                        const uint8_t *mask, const float *a, const float *b, float *y) {
  long dense[MM_MAX_RANK];
  mm_dense_strides(rank, shape, dense);
  mm_walk w = {.rank = rank};
  memcpy(w.shape, shape, (size_t)rank * sizeof *shape);
  mm_walk_add(&w, y, 4, dense);
  mm_walk_add(&w, mask, 1, sm);
  mm_walk_add(&w, a, 4, sa);
  mm_walk_add(&w, b, 4, sb);
  mm_walk_coalesce(&w);
  mm_walk_run(where_row, &w, MM_CHUNK_LIGHT, NULL);
}

void mm_masked_fill(long n, const uint8_t *mask, const float *x, float value, float *y) {
  mm_walk w = {.rank = 1,
               .operands = 4,
               .shape = {n},
               .strides = {{1}, {1}, {0}, {1}},
               .size = {4, 1, 4, 4},
               .base = {(char *)y, (char *)mask, (char *)&value, (char *)x}};
  mm_walk_run(where_row, &w, MM_CHUNK_LIGHT, NULL);
}

// Defines a flat kernel with inputs x and z, scalars s[0] and s[1], and the old value of the output.
#define KERNEL(name, value)                                                                                  \
  MM_CLONES static void name##_flat(long n, const mm_flat *f) {                                              \
    const float *px = f->in[0], *pz = f->in[1], *q = f->context;                                             \
    float *out = f->out[0];                                                                                  \
    const float s[2] = {q[0], q[1]};                                                                         \
    (void)px, (void)pz;                                                                                      \
    MM_LOOP for (long i = 0; i < n; i++) out[i] = (value);                                                   \
  }
KERNEL(fill, s[0])
KERNEL(affine, s[0] * px[i] + s[1])
KERNEL(axpy, out[i] + s[0] * px[i])
KERNEL(add_scaled, px[i] + s[0] * pz[i])
KERNEL(addcmul, out[i] + s[0] * px[i] * pz[i])

static void run(mm_flat_fn kernel, long n, float a, float b, const float *x, const float *z, float *y) {
  const float scalars[2] = {a, b};
  mm_flat_run(kernel, n, MM_CHUNK_LIGHT,
              &(mm_flat){.in = {x, z}, .in_size = {4, 4}, .out = {y}, .out_size = {4}, .context = scalars});
}

void mm_fill(long n, float value, float *y) { run(fill_flat, n, value, 0, NULL, NULL, y); }
void mm_affine(long n, float a, float b, const float *x, float *y) { run(affine_flat, n, a, b, x, NULL, y); }
void mm_axpy(long n, float a, const float *x, float *y) { run(axpy_flat, n, a, 0, x, NULL, y); }
void mm_add_scaled(long n, const float *x, float a, const float *z, float *y) {
  run(add_scaled_flat, n, a, 0, x, z, y);
}
void mm_addcmul(long n, float a, const float *x, const float *z, float *y) { run(addcmul_flat, n, a, 0, x, z, y); }
