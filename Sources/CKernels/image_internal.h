// Shared by the image kernels; not part of the module.
#pragma once
#include "mm_image.h"
#include "mm_pool.h"

#include <math.h>
#include <string.h>

// Products and sums round one by one everywhere, as in the libraries that results are compared with.
#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__) && defined(__linux__)
#define MM_CLONES __attribute__((target_clones("avx2", "default")))
// Where results are compared with code that fuses products and sums: fmaf is one instruction in the first clone.
#define MM_FUSED_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define MM_CLONES
#define MM_FUSED_CLONES
#endif
#define MM_INLINE static inline __attribute__((always_inline))

// Slots of mm_scratch that the image kernels use; none is held across a call of another kernel.
enum { MM_IMAGE_TABLES = 6, MM_IMAGE_ROWS = 7 };

// Nearest integer, ties to even, kept inside 0...255. NaN gives 0.
MM_INLINE uint8_t mm_saturate(float value) {
  float bounded = value > 0 ? (value < 255 ? value : 255) : 0;
  return (uint8_t)(int)rintf(bounded);
}
MM_INLINE int mm_clamp(int value, int low, int high) { return value < low ? low : value > high ? high : value; }
// Rounds up to a multiple of 64 bytes.
MM_INLINE size_t mm_aligned(size_t bytes) { return (bytes + 63) & ~(size_t)63; }
