// One row of a softmax at a time, in pieces of a fixed buffer.
#pragma once
#include "math_inline.h"

enum { MM_PIECE = 1024 };

MM_INLINE float mm_row_max(long n, const float *x) {
  float lanes[16], best = -INFINITY;
  long i = 0;
  for (int l = 0; l < 16; l++) lanes[l] = -INFINITY;
  for (; i + 16 <= n; i += 16)
    for (int l = 0; l < 16; l++) lanes[l] = mm_larger(x[i + l], lanes[l]);
  if (n >= 16) {  // the end once more, as a whole block
    for (int l = 0; l < 16; l++) lanes[l] = mm_larger(x[n - 16 + l], lanes[l]);
  } else {
    for (; i < n; i++) best = mm_larger(best, x[i]);
  }
  for (int h = 8; h > 0; h /= 2)
    for (int l = 0; l < h; l++) lanes[l] = mm_larger(lanes[l], lanes[l + h]);
  return mm_larger(best, lanes[0]);
}

// e^(x - shift) of up to MM_PIECE elements into `buffer`; returns their sum. The end is filled up with zeros to whole
// blocks of 16.
MM_INLINE float mm_exp_piece(long n, const float *x, float shift, float *buffer) {
  const long whole = n & ~15L;
  mm_v16 sums = {0};
  for (long i = 0; i < whole; i += 16)
    for (int l = 0; l < 16; l++) buffer[i + l] = mm_exp(x[i + l] - shift);
  if (whole < n) {
    float rest[16];
    for (int l = 0; l < 16; l++) rest[l] = -INFINITY;
    for (long i = whole; i < n; i++) rest[i - whole] = x[i] - shift;
    for (int l = 0; l < 16; l++) buffer[whole + l] = mm_exp(rest[l]);
  }
  for (long i = 0; i < n; i += 16) sums += MM_LOAD16(buffer + i);
  float sum = 0;
  MM_SUM16(sum, sums);
  return sum;
}
