// Kernels for x86-64 with AVX-512: 8 x 32 outputs in 16 of the 32 registers.
#if defined(__x86_64__)
#include "dispatch.h"
#include <immintrin.h>

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#define MM_AVX512 1
#define VL 16
#define MAX_ROWS 8
#define MAX_PANELS 2
#include "conv_simd.h"

#include "conv_micro.h"

MICRO(1, 1) MICRO(1, 2)
MICRO(2, 1) MICRO(2, 2)
MICRO(3, 1) MICRO(3, 2)
MICRO(4, 1) MICRO(4, 2)
MICRO(5, 1) MICRO(5, 2)
MICRO(6, 1) MICRO(6, 2)
MICRO(7, 1) MICRO(7, 2)
MICRO(8, 1) MICRO(8, 2)
static const block_fn block_table[MAX_ROWS + 1][MAX_PANELS + 1] = {
  {0},
  {0, block_1x1, block_1x2},
  {0, block_2x1, block_2x2},
  {0, block_3x1, block_3x2},
  {0, block_4x1, block_4x2},
  {0, block_5x1, block_5x2},
  {0, block_6x1, block_6x2},
  {0, block_7x1, block_7x2},
  {0, block_8x1, block_8x2},
};
static const product_fn product_table[MAX_ROWS + 1][MAX_PANELS + 1] = {
  {0},
  {0, product_1x1, product_1x2},
  {0, product_2x1, product_2x2},
  {0, product_3x1, product_3x2},
  {0, product_4x1, product_4x2},
  {0, product_5x1, product_5x2},
  {0, product_6x1, product_6x2},
  {0, product_7x1, product_7x2},
  {0, product_8x1, product_8x2},
};

#include "conv_tiles.h"
#include "depthwise_kernels.h"
#include "wino_kernels.h"


const mm_kernels mm_kernels_avx512 = {
  .isa = MM_ISA_AVX512,
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
