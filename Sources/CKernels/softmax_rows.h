// One row of a softmax at a time, in pieces of a fixed buffer.
#pragma once
#include "math_inline.h"

enum { MM_PIECE = 1024 };

// NaN is passed over: it reaches the result by the sum.
MM_INLINE float mm_row_max(long n, const float *x) {
  float best = -INFINITY;
  if (n < 16) {
    for (long i = 0; i < n; i++) best = x[i] > best ? x[i] : best;
    return best;
  }
  mm_v16 lanes = MM_LOAD16(x + n - 16);
  const mm_v16 lowest = (mm_v16){0} - INFINITY;
  lanes = MM_MAX16(lowest, lanes);
  mm_v16 more = lanes;
  long i = 0;
  for (; i + 32 <= n; i += 32) {
    lanes = MM_MAX16(lanes, MM_LOAD16(x + i));
    more = MM_MAX16(more, MM_LOAD16(x + i + 16));
  }
  if (i + 16 <= n) lanes = MM_MAX16(lanes, MM_LOAD16(x + i));
  lanes = MM_MAX16(lanes, more);
  for (int h = 8; h > 0; h /= 2)
    for (int l = 0; l < h; l++) lanes[l] = lanes[l + h] > lanes[l] ? lanes[l + h] : lanes[l];
  return lanes[0];
}

// Masks for the last k of 16 lanes start at mm_last_lanes + k.
static const int32_t mm_last_lanes[32] = {0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
                                          -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

// e^(x - shift) of up to MM_PIECE elements into `buffer`; returns their sum.
MM_INLINE float mm_exp_piece(long n, const float *x, float shift, float *buffer) {
  float sum = 0;
  if (n < 16) {
    float padded[16];
    for (int l = 0; l < 16; l++) padded[l] = l < n ? x[l] - shift : -INFINITY;
    MM_LOOP16 for (int l = 0; l < 16; l++) buffer[l] = mm_exp(padded[l]);
    MM_SUM16(sum, MM_LOAD16(buffer));
    return sum;
  }
  mm_v16 sums = {0}, more = {0};
  long i = 0;
  for (; i + 32 <= n; i += 32) {
    MM_LOOP32 for (int l = 0; l < 32; l++) buffer[i + l] = mm_exp(x[i + l] - shift);
    sums += MM_LOAD16(buffer + i);
    more += MM_LOAD16(buffer + i + 16);
  }
  if (i + 16 <= n) {
    MM_LOOP16 for (int l = 0; l < 16; l++) buffer[i + l] = mm_exp(x[i + l] - shift);
    sums += MM_LOAD16(buffer + i);
    i += 16;
  }
  if (i < n) {  // the last 16 once more, of which the new ones count
    MM_LOOP16 for (int l = 0; l < 16; l++) buffer[n - 16 + l] = mm_exp(x[n - 16 + l] - shift);
    more += (mm_v16)((mm_i16)MM_LOAD16(buffer + n - 16) & *(const mm_i16 *)(mm_last_lanes + (n - i)));
  }
  MM_SUM16(sum, sums + more);
  return sum;
}

// y = x scale and y = x - shift; blocks of 16, the last of which may overlap the one before (x is not y then).
MM_INLINE void mm_scale_row(long n, const float *x, float scale, float *y) {
  long i = 0;
  for (; i + 16 <= n; i += 16) MM_STORE16(y + i, MM_LOAD16(x + i) * scale);
  if (i < n && n >= 16 && x != y) {
    MM_STORE16(y + n - 16, MM_LOAD16(x + n - 16) * scale);
  } else {
    for (; i < n; i++) y[i] = x[i] * scale;
  }
}
MM_INLINE void mm_shift_row(long n, const float *x, float shift, float log_sum, float *y) {
  long i = 0;
  if (n < 16) {
    for (; i < n; i++) y[i] = x[i] - shift - log_sum;
    return;
  }
  const mm_v16 last = MM_LOAD16(x + n - 16) - shift - log_sum;
  for (; i + 16 <= n; i += 16) MM_STORE16(y + i, MM_LOAD16(x + i) - shift - log_sum);
  MM_STORE16(y + n - 16, last);
}
