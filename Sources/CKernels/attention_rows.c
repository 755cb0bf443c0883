#include "attention_rows.h"

#include "math_inline.h"

typedef float v8 __attribute__((vector_size(32), aligned(4)));

MM_CLONES void mm_rows_to_panels(int count, int depth, const float *const *rows, float *out, long panel_stride) {
  const int whole = depth / 16 * 16;
  for (int i = 0; i < count; i++) {
    const float *x = rows[i];
    float *o = out + (long)i * 16;
    for (int c = 0; c < whole; c += 16, o += panel_stride) MM_STORE16(o, MM_LOAD16(x + c));
    if (whole < depth)
      for (int j = 0; j < 16; j++) o[j] = whole + j < depth ? x[whole + j] : 0;
  }
}

// Eight columns of eight rows, side by side, to eight rows of `out`, 16 apart.
MM_INLINE void transpose_eight(const float *const *rows, int column, float scale, float *out) {
  v8 a[8], b[8];
  for (int i = 0; i < 8; i++) a[i] = *(const v8 *)(rows[i] + column) * scale;
  for (int i = 0; i < 4; i++) {
    b[i] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    b[i + 4] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  // b[i]: columns 0, 1 (4, 5) of rows 2i, 2i+1; b[i + 4]: columns 2, 3 (6, 7).
  for (int half = 0; half < 2; half++) {
    const v8 *s = b + 4 * half;
    a[4 * half + 0] = __builtin_shufflevector(s[0], s[1], 0, 1, 8, 9, 4, 5, 12, 13);
    a[4 * half + 1] = __builtin_shufflevector(s[0], s[1], 2, 3, 10, 11, 6, 7, 14, 15);
    a[4 * half + 2] = __builtin_shufflevector(s[2], s[3], 0, 1, 8, 9, 4, 5, 12, 13);
    a[4 * half + 3] = __builtin_shufflevector(s[2], s[3], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  // a[4h + c]: column 2h + c (low half) and 4 + 2h + c (high half) of rows 0...3; a[4h + 2 + c] of rows 4...7.
  for (int half = 0; half < 2; half++) {
    for (int c = 0; c < 2; c++) {
      const v8 x = a[4 * half + c], y = a[4 * half + 2 + c];
      *(v8 *)(out + 16 * (2 * half + c)) = __builtin_shufflevector(x, y, 0, 1, 2, 3, 8, 9, 10, 11);
      *(v8 *)(out + 16 * (4 + 2 * half + c)) = __builtin_shufflevector(x, y, 4, 5, 6, 7, 12, 13, 14, 15);
    }
  }
}

MM_CLONES void mm_rows_to_panels_transposed(
    int count, int depth, float scale, const float *const *rows, float *out, long panel_stride) {
  for (int first = 0; first < count; first += 16, out += panel_stride) {
    const float *row[16];
    for (int j = 0; j < 16; j++) row[j] = rows[first + j < count ? first + j : count - 1];
    int i = 0;
    for (; i + 8 <= depth; i += 8) {
      transpose_eight(row, i, scale, out + i * 16);
      transpose_eight(row + 8, i, scale, out + i * 16 + 8);
    }
    for (; i < depth; i++)
      for (int j = 0; j < 16; j++) out[i * 16 + j] = scale * row[j][i];
  }
}

// Bias and penalty, and -infinity behind the last score.
MM_INLINE void add_bias(const mm_score_row *row, float *scores) {
  const int n = row->n;
  if (row->bias) {
    const float *bias = row->bias;
    MM_LOOP for (int i = 0; i < n; i++) scores[i] += bias[i];
  }
  if (row->regions) {
    const int32_t *regions = row->regions, region = row->region;
    const float penalty = row->penalty;
    MM_LOOP for (int i = 0; i < n; i++) scores[i] += regions[i] == region ? 0.0f : penalty;
  }
  for (int i = n; i % 16; i++) scores[i] = -INFINITY;
}

MM_CLONES void mm_scores_forward(const mm_score_row *row, float *scores, float *sum, float *largest) {
  add_bias(row, scores);
  const int n = (row->n + 15) / 16 * 16;
  mm_v16 lanes = (mm_v16){0} - INFINITY;
  for (int i = 0; i < n; i += 16) {
    const mm_v16 x = MM_LOAD16(scores + i);
    lanes = MM_MAX16(lanes, x);
  }
  float most = lanes[0];
  for (int l = 1; l < 16; l++) most = lanes[l] > most ? lanes[l] : most;
  mm_v16 sums = {0};
  for (int i = 0; i < n; i += 16) {
    MM_LOOP16 for (int l = 0; l < 16; l++) scores[i + l] = mm_exp(scores[i + l] - most);
    sums += MM_LOAD16(scores + i);
  }
  float total = 0;
  MM_SUM16(total, sums);
  *sum = total;
  *largest = most;
}

MM_CLONES void mm_scores_backward(
    const mm_score_row *row, float *scores, float *d, float log_sum, float dot, float *dbias, int accumulate) {
  add_bias(row, scores);
  const int n = row->n, padded = (n + 15) / 16 * 16;
  for (int i = n; i < padded; i++) d[i] = 0;
  for (int i = 0; i < padded; i += 16) {
    MM_LOOP16 for (int l = 0; l < 16; l++) {
      const float p = mm_exp(scores[i + l] - log_sum);
      scores[i + l] = p;
      d[i + l] = p * (d[i + l] - dot);
    }
  }
  if (!dbias) return;
  if (accumulate) {
    MM_LOOP for (int i = 0; i < n; i++) dbias[i] += d[i];
  } else {
    memcpy(dbias, d, (size_t)n * sizeof *d);
  }
}

MM_CLONES float mm_row_dot(int n, const float *x, const float *y) {
  mm_v16 sums = {0};
  int i = 0;
  for (; i + 16 <= n; i += 16) sums += MM_LOAD16(x + i) * MM_LOAD16(y + i);
  float total = 0;
  MM_SUM16(total, sums);
  for (; i < n; i++) total += x[i] * y[i];
  return total;
}

MM_CLONES void mm_row_scale(int n, float scale, const float *x, float *y, int accumulate) {
  if (accumulate) {
    MM_LOOP for (int i = 0; i < n; i++) y[i] += scale * x[i];
  } else {
    MM_LOOP for (int i = 0; i < n; i++) y[i] = scale * x[i];
  }
}
