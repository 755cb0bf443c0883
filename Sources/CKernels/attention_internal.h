// What the two passes of attention share.
#pragma once
#include "attention_rows.h"
#include "conv_internal.h"

// The rows of one head of one window (or sample): pointers to queries, keys and values, and their places.
typedef struct {
  long batch, window, head;
  const int32_t *places, *regions;  // of the window, or NULL
} mm_attention_item;

mm_attention_item mm_attention_item_at(const mm_attention *a, long batch_and_window, long head);

// Row i, or a row of padding, or `zeros`.
static inline const float *mm_attention_row(
    const float *base, const mm_attention_rows *at, const mm_attention_item *m, int i, const float *pad,
    const float *zeros) {
  long row = m->places ? m->places[i] : i;
  if (row < 0) return pad ? pad + m->head * at->head : zeros;
  return base + m->batch * at->batch + m->head * at->head + row * at->row;
}

static inline mm_score_row mm_attention_scores(const mm_attention *a, const mm_attention_item *m, int query) {
  return (mm_score_row){
    .n = a->keys,
    .bias = a->bias
      ? a->bias + m->batch * a->bias_batch + m->head * a->bias_head + query * a->bias_row : NULL,
    .regions = m->regions, .region = m->regions ? m->regions[query] : 0, .penalty = a->penalty};
}

// out[r] = the sum over `depth` of a[r][i] panels[i]: `columns` of them, the sum in pieces that stay in the cache.
void mm_attention_multiply(
    const mm_kernels *kernels, int rows, int depth, int columns, const float *const *a, const float *panels,
    float *const *out);
