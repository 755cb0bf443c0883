// Kernels for x86-64 with AVX2 and FMA: 6 x 16 outputs in 12 of the 16 registers.
#if defined(__x86_64__)
#include "dispatch.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define MM_AVX2 1
// A window of 8 starting at 8 - n has its first n lanes set.
static const int mask_table[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
#define VL 8
#define MAX_ROWS 6
#define MAX_PANELS 1
#include "conv_simd.h"

#include "conv_micro.h"

MICRO(1, 1)
MICRO(2, 1)
MICRO(3, 1)
MICRO(4, 1)
MICRO(5, 1)
MICRO(6, 1)
static const block_fn block_table[MAX_ROWS + 1][MAX_PANELS + 1] = {
  {0},
  {0, block_1x1},
  {0, block_2x1},
  {0, block_3x1},
  {0, block_4x1},
  {0, block_5x1},
  {0, block_6x1},
};
static const product_fn product_table[MAX_ROWS + 1][MAX_PANELS + 1] = {
  {0},
  {0, product_1x1},
  {0, product_2x1},
  {0, product_3x1},
  {0, product_4x1},
  {0, product_5x1},
  {0, product_6x1},
};

#include "conv_tiles.h"
#include "depthwise_kernels.h"
#include "wino_kernels.h"


const mm_kernels mm_kernels_avx2 = {
  .isa = MM_ISA_AVX2,
  .mr = MAX_ROWS,
  .max_panels = MAX_PANELS,
  .block = run_block,
  .product = run_product,
  .pack_groups = pack_groups,
  .pack_panels = pack_panels,
  .depthwise_row = depthwise_row,
  .depthwise_gather = depthwise_gather,
  .depthwise_wgrad_row = depthwise_wgrad_row,
  .wino_input = wino_input,
  .wino_output = wino_output,
  .wino_weights = wino_weights,
  .column_sums = column_sums,
};

#pragma clang attribute pop
#endif
