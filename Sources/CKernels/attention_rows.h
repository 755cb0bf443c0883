// What attention does to rows and tiles besides multiplying them.
#pragma once
#include "include/mm_attention.h"

// Rows to panels of 16 columns: out[p * panel_stride + i * 16 + j] = rows[i][p * 16 + j], the last panel filled up with 0.
void mm_rows_to_panels(int count, int depth, const float *const *rows, float *out, long panel_stride);
// The same transposed: out[p * panel_stride + i * 16 + j] = scale * rows[p * 16 + j][i]. The last row fills up.
void mm_rows_to_panels_transposed(
    int count, int depth, float scale, const float *const *rows, float *out, long panel_stride);

// One row of scores, of `n` that count and up to the next multiple of 16 in memory.
typedef struct mm_score_row {
  int n;
  const float *bias;         // or NULL
  const int32_t *regions;    // or NULL
  int32_t region;            // of the query
  float penalty;
} mm_score_row;

// Scores to e^(score - largest); returns their sum and the largest.
void mm_scores_forward(const mm_score_row *row, float *scores, float *sum, float *largest);
// Scores to probabilities e^(score - log_sum), and `d` from the gradient of the probabilities to that of the scores,
// p (d - dot). Adds it to `dbias`, or writes it there, if that is not NULL.
void mm_scores_backward(
    const mm_score_row *row, float *scores, float *d, float log_sum, float dot, float *dbias, int accumulate);
float mm_row_dot(int n, const float *x, const float *y);
// y = scale x (+ y).
void mm_row_scale(int n, float scale, const float *x, float *y, int accumulate);
