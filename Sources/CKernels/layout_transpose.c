// Transposes in blocks that fit the nearest cache; f32 in tiles of 8 x 8 registers.
#include "layout_transpose.h"

#include "math_flat.h"
#include "math_inline.h"
#include "mm_layout.h"
#include "mm_pool.h"

enum { AREA = 4096, SIDE = 64, TILE = 8 };  // a block has AREA elements; one that is not narrow, SIDE x SIDE

typedef float v8 __attribute__((vector_size(32), aligned(4)));

// Few long rows: elements of a column become neighbours.
MM_INLINE void interleave(const long rows, long cols, const float *src, long src_row, float *dst) {
  MM_LOOP for (long c = 0; c < cols; c++)
    for (long r = 0; r < rows; r++) dst[c * rows + r] = src[r * src_row + c];
}
MM_INLINE void deinterleave(long rows, const long cols, const float *src, float *dst, long dst_row) {
  MM_LOOP for (long r = 0; r < rows; r++)
    for (long c = 0; c < cols; c++) dst[c * dst_row + r] = src[r * cols + c];
}

// dst [cols, rows] = src [rows, cols].
MM_CLONES static void block_32(long rows, long cols, const float *src, long src_row, float *dst, long dst_row) {
  if (dst_row == rows && rows == 2) return interleave(2, cols, src, src_row, dst);
  if (dst_row == rows && rows == 3) return interleave(3, cols, src, src_row, dst);
  if (dst_row == rows && rows == 4) return interleave(4, cols, src, src_row, dst);
  if (src_row == cols && cols == 2) return deinterleave(rows, 2, src, dst, dst_row);
  if (src_row == cols && cols == 3) return deinterleave(rows, 3, src, dst, dst_row);
  if (src_row == cols && cols == 4) return deinterleave(rows, 4, src, dst, dst_row);
  long c = 0;
  for (; c + TILE <= cols; c += TILE) {
    long r = 0;
    for (; r + TILE <= rows; r += TILE) {
      const float *s = src + r * src_row + c;
      float *d = dst + c * dst_row + r;
      v8 a[8], b[8];
      for (int i = 0; i < 8; i++) a[i] = *(const v8 *)(s + i * src_row);
      for (int i = 0; i < 4; i++) {
        b[2 * i] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        b[2 * i + 1] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
      }
      for (int h = 0; h < 2; h++) {
        a[4 * h] = __builtin_shufflevector(b[4 * h], b[4 * h + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        a[4 * h + 1] = __builtin_shufflevector(b[4 * h], b[4 * h + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        a[4 * h + 2] = __builtin_shufflevector(b[4 * h + 1], b[4 * h + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        a[4 * h + 3] = __builtin_shufflevector(b[4 * h + 1], b[4 * h + 3], 2, 3, 10, 11, 6, 7, 14, 15);
      }
      for (int i = 0; i < 4; i++) {
        *(v8 *)(d + i * dst_row) = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        *(v8 *)(d + (i + 4) * dst_row) = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
      }
    }
    for (; r < rows; r++)
      for (int i = 0; i < TILE; i++) dst[(c + i) * dst_row + r] = src[r * src_row + c + i];
  }
  for (; c < cols; c++)
    for (long r = 0; r < rows; r++) dst[c * dst_row + r] = src[r * src_row + c];
}

#define BLOCK_OF(bits)                                                                                       \
  static void block_##bits(long rows, long cols, const void *from, long src_row, void *to, long dst_row) {   \
    const uint##bits##_t *src = from;                                                                        \
    uint##bits##_t *dst = to;                                                                                \
    for (long c = 0; c < cols; c++)                                                                          \
      for (long r = 0; r < rows; r++) dst[c * dst_row + r] = src[r * src_row + c];                           \
  }
BLOCK_OF(8)
BLOCK_OF(16)
BLOCK_OF(64)

struct loop {
  const mm_transposes *t;
  long height, width, across, down;  // of a block; blocks of a matrix
  long blocks, per_task;             // of all; of a task
};

static void task_blocks(void *context, int task, int worker) {
  (void)worker;
  const struct loop *l = context;
  const mm_transposes *t = l->t;
  long start = task * l->per_task, end = mm_min_long(start + l->per_task, l->blocks);
  for (long k = start; k < end; k++) {
    long r = k % l->down * l->height, c = k / l->down % l->across * l->width, batch = k / l->down / l->across;
    long from = r * t->src_row + c, to = c * t->dst_row + r;
    for (int d = t->rank - 1; d >= 0; d--) {
      from += batch % t->shape[d] * t->src_strides[d];
      to += batch % t->shape[d] * t->dst_strides[d];
      batch /= t->shape[d];
    }
    const char *src = t->src + from * t->size;
    char *dst = t->dst + to * t->size;
    long rows = mm_min_long(l->height, t->rows - r), cols = mm_min_long(l->width, t->cols - c);
    switch (t->size) {
      case 1: block_8(rows, cols, src, t->src_row, dst, t->dst_row); break;
      case 2: block_16(rows, cols, src, t->src_row, dst, t->dst_row); break;
      case 4: block_32(rows, cols, (const float *)src, t->src_row, (float *)dst, t->dst_row); break;
      default: block_64(rows, cols, src, t->src_row, dst, t->dst_row); break;
    }
  }
}

void mm_run_transposes(const mm_transposes *t) {
  if (t->rows <= 0 || t->cols <= 0) return;
  struct loop l = {.t = t, .height = mm_min_long(t->rows, SIDE), .width = mm_min_long(t->cols, SIDE)};
  if (t->rows < TILE) l.width = mm_min_long(t->cols, AREA / t->rows);
  if (t->cols < TILE) l.height = mm_min_long(t->rows, AREA / t->cols);
  l.across = mm_div_up(t->cols, l.width);
  l.down = mm_div_up(t->rows, l.height);
  l.blocks = l.across * l.down;
  for (int d = 0; d < t->rank; d++) l.blocks *= t->shape[d];
  if (l.blocks <= 0) return;
  l.per_task = mm_rows_per_task(l.height * l.width);
  mm_parallel((int)mm_div_up(l.blocks, l.per_task), task_blocks, &l);
}

void mm_transpose(int size, long batch, long rows, long cols, const void *src, void *dst) {
  long shape[3] = {batch, cols, rows}, from[3] = {rows * cols, 1, cols}, to[3] = {rows * cols, rows, 1};
  mm_strided_copy(size, 3, shape, from, src, to, dst);
}
void mm_nchw_to_nhwc(long n, long c, long h, long w, const float *x, float *y) { mm_transpose(4, n, c, h * w, x, y); }
void mm_nhwc_to_nchw(long n, long c, long h, long w, const float *x, float *y) { mm_transpose(4, n, h * w, c, x, y); }
