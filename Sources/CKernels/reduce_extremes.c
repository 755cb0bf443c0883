// Largest and smallest elements and where they are; products; any and all.
#include "math_flat.h"
#include "math_inline.h"
#include "mm_optim.h"
#include "mm_pool.h"
#include "mm_reduce.h"
#include "reduce_parts.h"

// Folds n elements that lie `stride` apart, for `width` neighbouring columns at once.
#define FOLD_COLUMNS(name, first, value)                                                                     \
  MM_CLONES static void name##_columns(long n, long width, long stride, const float *x, float *y) {          \
    for (long c = 0; c < width; c++) y[c] = (first);                                                         \
    for (long i = 0; i < n; i++) {                                                                           \
      const float *p = x + i * stride;                                                                       \
      MM_LOOP for (long c = 0; c < width; c++) {                                                             \
        const float a = y[c], b = p[c];                                                                      \
        y[c] = (value);                                                                                      \
      }                                                                                                      \
    }                                                                                                        \
  }
FOLD_COLUMNS(max, -INFINITY, mm_larger(a, b))
FOLD_COLUMNS(min, INFINITY, mm_smaller(a, b))
FOLD_COLUMNS(prod, 1.0f, a *b)

#define TIMES16(a, b) ((a) * (b))
// Folds n neighbours. NaN is looked for apart: comparing drops it.
#define FOLD_ROW(name, first, join, value)                                                               \
  MM_CLONES static float name##_row(long n, const float *x) {                                                \
    mm_v16 lanes = (mm_v16){0} + (first), more = lanes;                                                      \
    mm_i16 nan = {0};                                                                                        \
    float a = (first), b;                                                                                    \
    long i = 0;                                                                                              \
    for (; i + 32 <= n; i += 32) {                                                                           \
      const mm_v16 v = MM_LOAD16(x + i), w = MM_LOAD16(x + i + 16);                                  \
      nan |= (v != v) | (w != w);                                                                            \
      lanes = join(lanes, v);                                                                                \
      more = join(more, w);                                                                                  \
    }                                                                                                        \
    lanes = join(lanes, more);                                                                               \
    for (int h = 8; h > 0; h /= 2)                                                                           \
      for (int l = 0; l < h; l++) {                                                                          \
        const float a = lanes[l], b = lanes[l + h];                                                          \
        lanes[l] = (value);                                                                                  \
        nan[l] |= nan[l + h];                                                                                \
      }                                                                                                      \
    for (; i < n; i++) {                                                                                     \
      b = x[i];                                                                                          \
      a = (value);                                                                                           \
    }                                                                                                        \
    b = lanes[0];                                                                                            \
    return nan[0] ? NAN : (value);                                                                           \
  }
FOLD_ROW(max, -INFINITY, MM_MAX16, mm_larger(a, b))
FOLD_ROW(min, INFINITY, MM_MIN16, mm_smaller(a, b))
FOLD_ROW(prod, 1.0f, TIMES16, a *b)

#define DEFINE_FOLD(name)                                                                                    \
  static void name##_rows(long n, long width, long stride, const float *x, float *y) {                       \
    if (width == 1 && stride == 1) {                                                                         \
      *y = name##_row(n, x);                                                                                 \
    } else {                                                                                                 \
      name##_columns(n, width, stride, x, y);                                                                \
    }                                                                                                        \
  }
DEFINE_FOLD(max)
DEFINE_FOLD(min)
DEFINE_FOLD(prod)

typedef void (*fold_fn)(long n, long width, long stride, const float *x, float *y);
enum { WIDTH = 512 };  // columns of a task

struct folds {
  fold_fn fold;
  long outer, n, inner, outers, strips;
  const float *x;
  float *y;
};

static void fold_task(void *context, int task, int worker) {
  (void)worker;
  const struct folds *s = context;
  long start = task / s->strips * s->outers, c = task % s->strips * WIDTH;
  for (long o = start; o < mm_min_long(start + s->outers, s->outer); o++)
    s->fold(s->n, mm_min_long(WIDTH, s->inner - c), s->inner, s->x + o * s->n * s->inner + c, s->y + o * s->inner + c);
}

static void fold(fold_fn run, long outer, long n, long inner, const float *x, float *y) {
  if (outer <= 0 || inner <= 0) return;
  struct folds s = {run, outer, n, inner, mm_rows_per_task(n * mm_min_long(inner, WIDTH)), mm_div_up(inner, WIDTH), x, y};
  mm_parallel((int)(mm_div_up(outer, s.outers) * s.strips), fold_task, &s);
}

// One long row is folded in pieces, and these once more.
static void fold_any(fold_fn run, long outer, long n, long inner, const float *x, float *y) {
  enum { PIECE = MM_CHUNK_LIGHT };
  if (inner != 1 || outer > 4 || n < 4 * PIECE) {
    fold(run, outer, n, inner, x, y);
    return;
  }
  long pieces = n / PIECE;
  float *parts = mm_scratch(7, (size_t)(pieces + 1) * sizeof(float));
  for (long o = 0; o < outer; o++) {
    fold(run, pieces, PIECE, 1, x + o * n, parts);
    run(n - pieces * PIECE, 1, 1, x + o * n + pieces * PIECE, parts + pieces);
    run(pieces + 1, 1, 1, parts, y + o);
  }
}

void mm_max_middle(long outer, long n, long inner, const float *x, float *y) {
  fold_any(max_rows, outer, n, inner, x, y);
}
void mm_min_middle(long outer, long n, long inner, const float *x, float *y) {
  fold_any(min_rows, outer, n, inner, x, y);
}
void mm_prod_middle(long outer, long n, long inner, const float *x, float *y) {
  fold_any(prod_rows, outer, n, inner, x, y);
}
float mm_max_abs(long n, const float *x) {
  float low, high;
  fold_any(min_rows, 1, n, 1, x, &low);
  fold_any(max_rows, 1, n, 1, x, &high);
  return n <= 0 ? 0.0f : mm_larger(mm_abs(low), mm_abs(high));
}

struct places {
  long outer, n, inner, outers;
  const float *x;
  float *y, sign;
  int64_t *index;
};

// Compares sign * x; keeps the first of equals and the first NaN.
static void place_task(void *context, int task, int worker) {
  (void)worker;
  const struct places *s = context;
  long start = task * s->outers;
  float best[256];
  for (long o = start; o < mm_min_long(start + s->outers, s->outer); o++)
    for (long c0 = 0; c0 < s->inner; c0 += 256) {
      long width = mm_min_long(256, s->inner - c0);
      const float *p = s->x + o * s->n * s->inner + c0;
      int64_t *index = s->index + o * s->inner + c0;
      for (long c = 0; c < width; c++) {
        best[c] = s->sign * p[c];
        index[c] = 0;
      }
      for (long i = 1; i < s->n; i++) {
        p += s->inner;
        for (long c = 0; c < width; c++) {
          float v = s->sign * p[c];
          if (v > best[c] || (v != v && best[c] == best[c])) {
            best[c] = v;
            index[c] = i;
          }
        }
      }
      if (s->y)
        for (long c = 0; c < width; c++) s->y[o * s->inner + c0 + c] = s->sign * best[c];
    }
}

static void place(float sign, long outer, long n, long inner, const float *x, float *y, int64_t *index) {
  struct places s = {outer, n, inner, mm_rows_per_task(n * inner), x, y, sign, index};
  mm_parallel((int)mm_div_up(outer, s.outers), place_task, &s);
}
void mm_argmax(long outer, long n, long inner, const float *x, float *y, int64_t *index) {
  place(1.0f, outer, n, inner, x, y, index);
}
void mm_argmin(long outer, long n, long inner, const float *x, float *y, int64_t *index) {
  place(-1.0f, outer, n, inner, x, y, index);
}

static void truths(int all, long outer, long n, long inner, const uint8_t *x, uint8_t *y) {
  for (long o = 0; o < outer; o++)
    for (long c = 0; c < inner; c++) {
      const uint8_t *p = x + o * n * inner + c;
      long i = 0;
      while (i < n && (p[i * inner] != 0) == all) i++;
      y[o * inner + c] = (uint8_t)(i < n ? !all : all);
    }
}
void mm_any(long outer, long n, long inner, const uint8_t *x, uint8_t *y) { truths(0, outer, n, inner, x, y); }
void mm_all(long outer, long n, long inner, const uint8_t *x, uint8_t *y) { truths(1, outer, n, inner, x, y); }
