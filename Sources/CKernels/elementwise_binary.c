// Arithmetic and comparisons of two arrays.
#include "math_flat.h"
#include "math_inline.h"
#include "math_walk.h"
#include "mm_elementwise.h"

// Defines <name>_row: y = `value`, an expression in a and b, where each of the two moves by one element, stays, or
// moves by any step.
#define ROW(name, type, value)                                                                               \
  MM_CLONES static void name##_row(long rows, long n, char *const *ptr, const long *step,                    \
                                   const long *row_step, const void *context) {                              \
    (void)context;                                                                                           \
    const long sa = step[1], sb = step[2];                                                                   \
    for (long r = 0; r < rows; r++) {                                                                        \
      type *y = (type *)(ptr[0] + r * row_step[0]);                                                          \
      const float *pa = (const float *)(ptr[1] + r * row_step[1]);                                           \
      const float *pb = (const float *)(ptr[2] + r * row_step[2]);                                           \
      if (sa == 1 && sb == 1) {                                                                              \
        MM_LOOP for (long i = 0; i < n; i++) {                                                               \
          const float a = pa[i], b = pb[i];                                                                  \
          y[i] = (value);                                                                                    \
        }                                                                                                    \
      } else if (sa == 1 && sb == 0) {                                                                       \
        const float b = *pb;                                                                                 \
        MM_LOOP for (long i = 0; i < n; i++) {                                                               \
          const float a = pa[i];                                                                             \
          y[i] = (value);                                                                                    \
        }                                                                                                    \
      } else if (sa == 0 && sb == 1) {                                                                       \
        const float a = *pa;                                                                                 \
        MM_LOOP for (long i = 0; i < n; i++) {                                                               \
          const float b = pb[i];                                                                             \
          y[i] = (value);                                                                                    \
        }                                                                                                    \
      } else {                                                                                               \
        for (long i = 0; i < n; i++) {                                                                       \
          const float a = pa[i * sa], b = pb[i * sb];                                                        \
          y[i] = (value);                                                                                    \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }
ROW(add, float, a + b)
ROW(sub, float, a - b)
ROW(mul, float, a *b)
ROW(div, float, a / b)
ROW(max, float, mm_larger(a, b))
ROW(min, float, mm_smaller(a, b))
ROW(pow, float, powf(a, b))
ROW(eq, uint8_t, a == b)
ROW(ne, uint8_t, a != b)
ROW(lt, uint8_t, a < b)
ROW(le, uint8_t, a <= b)
ROW(gt, uint8_t, a > b)
ROW(ge, uint8_t, a >= b)

static const mm_walk_fn arithmetic[] = {
    [MM_BINARY_ADD] = add_row, [MM_BINARY_SUB] = sub_row, [MM_BINARY_MUL] = mul_row, [MM_BINARY_DIV] = div_row,
    [MM_BINARY_MAX] = max_row, [MM_BINARY_MIN] = min_row, [MM_BINARY_POW] = pow_row,
};
static const mm_walk_fn comparisons[] = {
    [MM_COMPARE_EQ] = eq_row, [MM_COMPARE_NE] = ne_row, [MM_COMPARE_LT] = lt_row,
    [MM_COMPARE_LE] = le_row, [MM_COMPARE_GT] = gt_row, [MM_COMPARE_GE] = ge_row,
};
static long chunk_of(mm_binary op) { return op == MM_BINARY_POW ? MM_CHUNK_HEAVY : MM_CHUNK_LIGHT; }

// Two arrays of n elements, each with its step, into a dense result.
static void flat(mm_walk_fn run, long chunk, long n, const float *a, long sa, const float *b, long sb, void *y,
                 long size) {
  mm_walk w = {.rank = 1, .operands = 3, .shape = {n}, .strides = {{1}, {sa}, {sb}}, .size = {size, 4, 4}};
  w.base[0] = y;
  w.base[1] = (char *)a;
  w.base[2] = (char *)b;
  mm_walk_run(run, &w, chunk, NULL);
}

static void broadcast(mm_walk_fn run, long chunk, int rank, const long *shape, const long *sa, const long *sb,
                      const float *a, const float *b, void *y, long size) {
  long dense[MM_MAX_RANK];
  mm_dense_strides(rank, shape, dense);
  mm_walk w = {.rank = rank};
  memcpy(w.shape, shape, (size_t)rank * sizeof *shape);
  mm_walk_add(&w, y, size, dense);
  mm_walk_add(&w, a, 4, sa);
  mm_walk_add(&w, b, 4, sb);
  mm_walk_coalesce(&w);
  mm_walk_run(run, &w, chunk, NULL);
}

void mm_binary_same(mm_binary op, long n, const float *a, const float *b, float *y) {
  flat(arithmetic[op], chunk_of(op), n, a, 1, b, 1, y, 4);
}
void mm_binary_scalar(mm_binary op, long n, const float *a, float b, float *y) {
  flat(arithmetic[op], chunk_of(op), n, a, 1, &b, 0, y, 4);
}
void mm_scalar_binary(mm_binary op, long n, float a, const float *b, float *y) {
  flat(arithmetic[op], chunk_of(op), n, &a, 0, b, 1, y, 4);
}
void mm_binary_broadcast(mm_binary op, int rank, const long *shape, const long *sa, const long *sb, const float *a,
                         const float *b, float *y) {
  broadcast(arithmetic[op], chunk_of(op), rank, shape, sa, sb, a, b, y, 4);
}

void mm_compare_same(mm_comparison op, long n, const float *a, const float *b, uint8_t *y) {
  flat(comparisons[op], MM_CHUNK_LIGHT, n, a, 1, b, 1, y, 1);
}
void mm_compare_scalar(mm_comparison op, long n, const float *a, float b, uint8_t *y) {
  flat(comparisons[op], MM_CHUNK_LIGHT, n, a, 1, &b, 0, y, 1);
}
void mm_compare_broadcast(mm_comparison op, int rank, const long *shape, const long *sa, const long *sb,
                          const float *a, const float *b, uint8_t *y) {
  broadcast(comparisons[op], MM_CHUNK_LIGHT, rank, shape, sa, sb, a, b, y, 1);
}
