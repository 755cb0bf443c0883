// Sums of short stretches.
#pragma once
#include "math_inline.h"

// Sum over `VALUE(i)` of n contiguous elements, in blocks of 2048 whose f32 sums (64 lanes) are added in double.
// LOAD(i) is an mm_v16 of elements i..<i + 16, ONE(i) a float.
#define MM_BLOCK_SUM(total, n, LOAD, ONE)                                                                    \
  do {                                                                                                       \
    for (long start_ = 0; start_ < (n); start_ += 2048) {                                                    \
      const long end_ = start_ + 2048 < (n) ? start_ + 2048 : (n);                                           \
      mm_v16 s0_ = {0}, s1_ = {0}, s2_ = {0}, s3_ = {0};                                                     \
      long i_ = start_;                                                                                      \
      for (; i_ + 64 <= end_; i_ += 64) {                                                                    \
        s0_ += LOAD(i_);                                                                                     \
        s1_ += LOAD(i_ + 16);                                                                                \
        s2_ += LOAD(i_ + 32);                                                                                \
        s3_ += LOAD(i_ + 48);                                                                                \
      }                                                                                                      \
      for (; i_ + 16 <= end_; i_ += 16) s0_ += LOAD(i_);                                                     \
      float sum_ = 0;                                                                                        \
      MM_SUM16(sum_, (s0_ + s1_) + (s2_ + s3_));                                                             \
      for (; i_ < end_; i_++) sum_ += ONE(i_);                                                               \
      (total) += sum_;                                                                                       \
    }                                                                                                        \
  } while (0)
