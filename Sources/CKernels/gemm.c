// Matrix products by OpenBLAS on one thread inside of pool tasks, and the fully connected layer by the kernels of the
// convolution.
#include "include/mm_gemm.h"

#include "conv_internal.h"

#include <cblas.h>
#include <pthread.h>

static pthread_once_t blas_once = PTHREAD_ONCE_INIT;
static void set_up_blas(void) { openblas_set_num_threads(1); }
void mm_blas_init(void) { pthread_once(&blas_once, set_up_blas); }

typedef struct {
  int trans_a, trans_b, m, n, k, lda, ldb, ldc;
  ptrdiff_t stride_a, stride_b, stride_c;
  float alpha, beta;
  const float *a, *b;
  float *c;
  int rows, columns;            // of a tile
  int row_tiles, column_tiles;
  int batch, together;          // products in all, and products a task when they are small
} gemm;

static void gemm_task(void *context, int task, int worker) {
  (void)worker;
  const gemm *g = context;
  const int tiles = g->row_tiles * g->column_tiles, tile = task % tiles;
  const int r0 = tile / g->column_tiles * g->rows, c0 = tile % g->column_tiles * g->columns;
  const int rows = mm_min(g->rows, g->m - r0), columns = mm_min(g->columns, g->n - c0);
  const size_t a0 = g->trans_a ? (size_t)r0 : (size_t)r0 * g->lda;
  const size_t b0 = g->trans_b ? (size_t)c0 * g->ldb : (size_t)c0;
  const size_t at = (size_t)r0 * g->ldc + c0;
  const int first = task / tiles * g->together, last = mm_min(g->batch, first + g->together);
  for (int i = first; i < last; i++)
    cblas_sgemm(
        CblasRowMajor, g->trans_a ? CblasTrans : CblasNoTrans, g->trans_b ? CblasTrans : CblasNoTrans, rows, columns,
        g->k, g->alpha, g->a + i * g->stride_a + a0, g->lda, g->b + i * g->stride_b + b0, g->ldb, g->beta,
        g->c + i * g->stride_c + at, g->ldc);
}

void mm_gemm_batched(
    int batch, int trans_a, int trans_b, int m, int n, int k, float alpha, const float *a, int lda, ptrdiff_t stride_a,
    const float *b, int ldb, ptrdiff_t stride_b, float beta, float *c, int ldc, ptrdiff_t stride_c) {
  if (batch <= 0 || m <= 0 || n <= 0) return;
  mm_blas_init();
  gemm g = {
    .trans_a = trans_a, .trans_b = trans_b, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldb, .ldc = ldc,
    .stride_a = stride_a, .stride_b = stride_b, .stride_c = stride_c, .alpha = alpha, .beta = beta, .a = a, .b = b,
    .c = c, .rows = m, .columns = n, .row_tiles = 1, .column_tiles = 1, .batch = batch, .together = 1};
  // Tiles of at least 64 x 64 x k and about a million products, up to 8 of them; small products go several a task.
  const double work = (double)m * n * (k > 0 ? k : 1);
  while (batch * g.row_tiles * g.column_tiles < 8 && work / (g.row_tiles * g.column_tiles) > 1e6) {
    if (g.rows >= g.columns && g.rows >= 128) g.row_tiles *= 2;
    else if (g.columns >= 128) g.column_tiles *= 2;
    else if (g.rows >= 128) g.row_tiles *= 2;
    else break;
    g.rows = (mm_ceil_div(m, g.row_tiles) + 15) / 16 * 16;
    g.columns = (mm_ceil_div(n, g.column_tiles) + 15) / 16 * 16;
  }
  g.row_tiles = mm_ceil_div(m, g.rows);
  g.column_tiles = mm_ceil_div(n, g.columns);
  if (g.row_tiles * g.column_tiles == 1 && work < 2.5e5) {
    const double many = 2.5e5 / work;
    g.together = many > batch ? batch : (int)many + 1;
  }
  mm_parallel(mm_ceil_div(batch, g.together) * g.row_tiles * g.column_tiles, gemm_task, &g);
}

void mm_gemm(
    int trans_a, int trans_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
    float beta, float *c, int ldc) {
  mm_gemm_batched(1, trans_a, trans_b, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0);
}

static mm_conv_shape linear_shape(int m, int k, int n) {
  return (mm_conv_shape){
    .n = 1, .h = 1, .w = m, .c = k, .oc = n, .kh = 1, .kw = 1, .stride_h = 1, .stride_w = 1, .dil_h = 1, .dil_w = 1,
    .groups = 1, .oh = 1, .ow = m};
}

size_t mm_linear_packed_bytes(int k, int n) {
  const mm_conv_shape s = linear_shape(1, k, n);
  return mm_conv_packed_bytes(&s, MM_CONV_DIRECT);
}

void mm_linear_pack(int k, int n, const float *weight, void *packed) {
  const mm_conv_shape s = linear_shape(1, k, n);
  mm_conv_pack(&s, MM_CONV_DIRECT, weight, NULL, packed);
}

void mm_linear_forward(
    int m, int k, int n, const float *x, const void *packed, const float *bias, const float *residual,
    mm_activation act, float act_param, float *y) {
  const mm_conv_shape s = linear_shape(m, k, n);
  mm_conv_forward(&s, MM_CONV_DIRECT, x, packed, bias, residual, act, act_param, y);
}
