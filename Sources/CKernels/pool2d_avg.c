// Average pooling, plain and adaptive, and its gradient.
#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"
#include "pool2d_window.h"

// Sums over windows of `from` make `to`. Forward, a window's sum is divided; backward, each summand, whose divisor
// belongs to the output pixel that it comes from.
struct avg_loop {
  long h, w, c, oh, ow;  // of `from` and `to`
  long units, units_per_task, blocks;  // a unit is a block of channels of one pixel of `to`
  mm_windows windows;                  // of `to` over `from`
  mm_windows sizes;                    // of the outputs
  int backward, adaptive, by_rows;
  long divisor;
  const float *from;
  float *to;
  long from_count;  // floats
};
enum { LANES = 256 };  // channels a unit

// A sum is divided by `first`, then by `second`: adaptive pooling rounds after each.
typedef struct divisors {
  float first, second;
} divisors;

MM_INLINE divisors divisors_of(const struct avg_loop *loop, long y, long x) {
  if (loop->divisor) return (divisors){(float)loop->divisor, 1};
  const long rows = loop->sizes.rows[y].size, columns = loop->sizes.columns[x].size;
  if (loop->adaptive) return (divisors){(float)rows, (float)columns};
  return (divisors){(float)(rows * columns), 1};
}

// `lanes` channels (16 blocks a time) of one window.
#define SUM(type, blocks, load, store)                                                                       \
  do {                                                                                                       \
    type sum[blocks];                                                                                        \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) sum[b] = (type){};                                    \
    for (long iy = row.begin; iy < row.end; iy++) {                                                          \
      type before[blocks];                                                                                   \
      if (by_rows) _Pragma("unroll") for (int b = 0; b < blocks; b++) before[b] = sum[b], sum[b] = (type){}; \
      for (long ix = column.begin; ix < column.end; ix++) {                                                  \
        const float *p = from + (iy * w + ix) * c + k;                                                       \
        if (backward) {                                                                                      \
          const divisors d = divisors_of(loop, iy, ix);                                                      \
          _Pragma("unroll") for (int b = 0; b < blocks; b++) {                                               \
            type v = load(p + 16 * b) / d.first;                                                             \
            if (d.second != 1) v = v / d.second;                                                             \
            sum[b] += v;                                                                                     \
          }                                                                                                  \
        } else {                                                                                             \
          _Pragma("unroll") for (int b = 0; b < blocks; b++) sum[b] += load(p + 16 * b);                     \
        }                                                                                                    \
      }                                                                                                      \
      if (by_rows) _Pragma("unroll") for (int b = 0; b < blocks; b++) sum[b] += before[b];                   \
    }                                                                                                        \
    _Pragma("unroll") for (int b = 0; b < blocks; b++)                                                       \
        store(to + k + 16 * b, backward ? sum[b] : own.second == 1 ? sum[b] / own.first : sum[b] / own.first / own.second); \
  } while (0)
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))

// Whether 16 floats can be read at every pixel of a window, and written up to `written`, although a pixel has fewer.
MM_INLINE int narrow_fits(
    const struct avg_loop *loop, long written, mm_window row, mm_window column, const float *from, long end_of_task) {
  if (written > end_of_task) return 0;
  if (row.begin >= row.end || column.begin >= column.end) return 1;
  const long last = ((row.end - 1) * loop->w + column.end - 1) * loop->c + 16;
  return from - loop->from + last <= loop->from_count;
}

MM_INLINE void sums(const struct avg_loop *loop, long first, long end, int backward, int by_rows) {
  const long w = loop->w, c = loop->c, pixels = loop->oh * loop->ow;
  const long end_of_task = end / loop->blocks * c;  // of what narrow pixels may write
  long pixel = first / loop->blocks, block = first % loop->blocks;
  long image = pixel / pixels, y = pixel % pixels / loop->ow, x = pixel % loop->ow;
  for (long u = first; u < end; u++) {
    const mm_window row = loop->windows.rows[y], column = loop->windows.columns[x];
    const float *from = loop->from + image * loop->h * w * c;
    float *to = loop->to + pixel * c;
    long k = block * LANES;
    const long start = k, stop = mm_min_long(c, k + LANES);
    divisors own = {1, 1};
    if (!backward && row.begin < row.end && column.begin < column.end) own = divisors_of(loop, y, x);
    if (c < 16 && narrow_fits(loop, to + 16 - loop->to, row, column, from, end_of_task)) {
      SUM(mm_v16, 1, MM_LOAD16, MM_STORE16);  // what lies behind the pixel is written again by its successors
      k = stop;
    }
    for (; k + 64 <= stop; k += 64) SUM(mm_v16, 4, MM_LOAD16, MM_STORE16);
    for (; k + 16 <= stop; k += 16) SUM(mm_v16, 1, MM_LOAD16, MM_STORE16);
    if (k < stop && stop - start >= 16) {  // the last block overlaps the one before
      k = stop - 16;
      SUM(mm_v16, 1, MM_LOAD16, MM_STORE16);
      k = stop;
    }
    for (; k < stop; k++) SUM(float, 1, LOAD, STORE);
    if (++block < loop->blocks) continue;
    block = 0, pixel++;
    if (++x < loop->ow) continue;
    x = 0;
    if (++y < loop->oh) continue;
    y = 0, image++;
  }
}

MM_CLONES static void forward(const struct avg_loop *loop, long first, long end) { sums(loop, first, end, 0, 0); }
MM_CLONES static void by_rows(const struct avg_loop *loop, long first, long end) { sums(loop, first, end, 0, 1); }
MM_CLONES static void backward(const struct avg_loop *loop, long first, long end) { sums(loop, first, end, 1, 0); }

static void task(void *context, int task, int worker) {
  (void)worker;
  const struct avg_loop *loop = context;
  long first = task * loop->units_per_task, end = mm_min_long(loop->units, first + loop->units_per_task);
  if (loop->backward) {
    backward(loop, first, end);
  } else if (loop->by_rows) {
    by_rows(loop, first, end);
  } else {
    forward(loop, first, end);
  }
}

// `window` is about how many summands a pixel has.
static void run(struct avg_loop *loop, long n, long window) {
  loop->blocks = mm_div_up(loop->c, LANES);
  loop->from_count = n * loop->h * loop->w * loop->c;
  loop->units = n * loop->oh * loop->ow * loop->blocks;
  loop->units_per_task = mm_rows_per_task(mm_min_long(loop->c, LANES) * mm_max_long(window / 2, 1));
  mm_parallel((int)mm_div_up(loop->units, loop->units_per_task), task, loop);
}
static void run_backward(struct avg_loop *loop, long n, long window) {
  loop->backward = 1;
  loop->windows = mm_covering_windows(&loop->sizes, loop->oh, loop->ow, loop->h, loop->w);
  run(loop, n, window);
}

// Without counting the padding a window's size is what lies inside of the input.
static mm_windows plain_windows(const mm_pool2d *p, int count_include_pad) {
  mm_pool2d q = *p;
  q.dh = q.dw = 1;
  mm_windows windows = mm_pool2d_windows(&q);
  if (!count_include_pad) {
    mm_window *window = (mm_window *)windows.rows;  // columns follow
    for (long i = 0; i < p->oh + p->ow; i++) window[i].size = window[i].end - window[i].begin;
  }
  return windows;
}

void mm_avg_pool2d_forward(const mm_pool2d *p, int count_include_pad, long divisor, const float *x, float *y) {
  if (p->n * p->oh * p->ow * p->c == 0) return;
  mm_windows windows = plain_windows(p, count_include_pad);
  struct avg_loop loop = {p->h, p->w, p->c, p->oh, p->ow, .windows = windows, .sizes = windows, .from = x, .to = y};
  loop.divisor = divisor;
  run(&loop, p->n, (long)p->kh * p->kw);
}

void mm_avg_pool2d_backward(const mm_pool2d *p, int count_include_pad, long divisor, const float *dy, float *dx) {
  if (p->n * p->h * p->w * p->c == 0) return;
  mm_windows windows = plain_windows(p, count_include_pad);
  struct avg_loop loop = {p->oh, p->ow, p->c, p->h, p->w, .sizes = windows, .divisor = divisor, .from = dy, .to = dx};
  run_backward(&loop, p->n, mm_div_up(p->kh, p->sh) * mm_div_up(p->kw, p->sw));
}

void mm_adaptive_avg_pool2d_forward(long n, long h, long w, long c, long oh, long ow, const float *x, float *y) {
  if (n * oh * ow * c == 0) return;
  mm_windows windows = mm_adaptive_windows(h, w, oh, ow);
  struct avg_loop loop = {h, w, c, oh, ow, .windows = windows, .sizes = windows, .from = x, .to = y};
  loop.adaptive = 1;
  loop.by_rows = oh * ow == 1;  // the mean of a whole plane: partial sums keep it accurate
  run(&loop, n, mm_div_up(h, oh) * mm_div_up(w, ow));
}

void mm_adaptive_avg_pool2d_backward(long n, long h, long w, long c, long oh, long ow, const float *dy, float *dx) {
  if (n * h * w * c == 0) return;
  struct avg_loop loop = {oh, ow, c, h, w, .sizes = mm_adaptive_windows(h, w, oh, ow), .from = dy, .to = dx};
  loop.adaptive = 1;
  run_backward(&loop, n, mm_div_up(oh, h) * mm_div_up(ow, w));
}
