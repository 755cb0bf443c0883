// Attention with several heads, softmax(scale q k^T + bias) v, a block of scores at a time; and attention within windows
// of a map, whose tokens are read and written where they lie.
#pragma once
#include <stdint.h>

// Where rows of `depth` floats lie: row i of head h of sample b starts at base + b batch + h head + i row.
typedef struct mm_attention_rows {
  long batch, head, row;
} mm_attention_rows;

typedef struct mm_attention {
  long batch, heads;
  int queries, keys;       // of a window, or of a sample
  int depth, value_depth;  // of queries and keys, and of values and results
  float scale;
  const float *_Nonnull q;
  const float *_Nonnull k;
  const float *_Nonnull v;
  mm_attention_rows q_at, k_at, v_at, o_at;
  // Added to the scores, column by column, if not NULL; strides may be 0.
  const float *_Nullable bias;
  long bias_batch, bias_head, bias_row;
  // With windows, queries equal keys, `places` [windows, queries] holds row numbers, -1 for padding, and all of a window's
  // tokens see each other but for those with different numbers in `regions`, whose scores get `penalty`. Padding has the
  // rows at pad_* (strides of heads as q_at, k_at, v_at), or zeros. The bias is the same for all windows.
  long windows;  // 1 where there are none
  const int32_t *_Nullable places;
  const int32_t *_Nullable regions;
  float penalty;
  const float *_Nullable pad_q;
  const float *_Nullable pad_k;
  const float *_Nullable pad_v;
} mm_attention;

// `log_sum` [batch, windows, heads, queries], if not NULL, gets the logarithms of the sums of exponentials.
void mm_attention_forward(const mm_attention *_Nonnull a, float *_Nonnull o, float *_Nullable log_sum);

// What the backward pass reads and writes besides. `o` lies as it was written.
typedef struct mm_attention_gradient {
  const float *_Nonnull o;
  const float *_Nonnull log_sum;
  const float *_Nonnull d_o;
  mm_attention_rows d_o_at, dq_at, dk_at, dv_at;
  float *_Nonnull dq;
  float *_Nonnull dk;
  float *_Nonnull dv;
  // [heads, queries, keys], or [batch, heads, queries, keys] if the bias has one for each sample; may be NULL.
  float *_Nullable dbias;
  // Summed over all windows; strides of heads as pad_k and pad_v. May be NULL. There is none of pad_q: it is 0.
  float *_Nullable dpad_k;
  float *_Nullable dpad_v;
} mm_attention_gradient;

void mm_attention_backward(const mm_attention *_Nonnull a, const mm_attention_gradient *_Nonnull g);
