// Losses that are worth one pass over memory.
#pragma once
#include <stdint.h>

// Cross entropy of logits [outer, n, inner] over the middle axis against labels [outer, inner].
typedef struct mm_cross_entropy {
  long outer, n, inner;
  const float *_Nullable weight;  // [n]; 1 where NULL
  int64_t ignore;                 // this label gives loss 0 and no gradient
  float smoothing;                // share of the target that is spread evenly over all classes
} mm_cross_entropy;

// loss and lse (the logarithm of the sum of exponentials, for backward) are [outer, inner]. `*total` becomes the sum of
// the weights of the labels that are not ignored: what a mean divides by. Returns 0, or 1 + the position of the first
// label that is neither ignored nor in 0..<n (loss is 0 there).
long mm_cross_entropy_forward(const mm_cross_entropy *_Nonnull p, const float *_Nonnull x, const int64_t *_Nonnull label,
                              float *_Nonnull loss, float *_Nonnull lse, double *_Nonnull total);
// dx [outer, n, inner] from dloss, whose elements lie `step` apart (0: one for all).
void mm_cross_entropy_backward(const mm_cross_entropy *_Nonnull p, const float *_Nonnull x,
                               const int64_t *_Nonnull label, const float *_Nonnull lse, const float *_Nonnull dloss,
                               long step, float *_Nonnull dx);

// Focal loss of logits [rows, n] through sigmoids. A label in 0..<n is the positive class of a row; any other: none.
typedef struct mm_focal {
  long rows, n;
  float gamma, alpha;
} mm_focal;

// loss [rows]: the sum over a row's classes, times the row's weight (1 where NULL; 0 hides even NaN).
void mm_focal_forward(const mm_focal *_Nonnull p, const float *_Nonnull x, const int64_t *_Nonnull label,
                      const float *_Nullable weight, float *_Nonnull loss);
// dx [rows, n] from dloss, whose elements lie `step` apart (0: one for all).
void mm_focal_backward(const mm_focal *_Nonnull p, const float *_Nonnull x, const int64_t *_Nonnull label,
                       const float *_Nullable weight, const float *_Nonnull dloss, long step, float *_Nonnull dx);
