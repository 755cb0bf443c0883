// Parameters of unary functions.
#pragma once
#include <string.h>

#include "mm_elementwise.h"

// Copies the parameters that `op` has; the rest of `p` is 0.
static inline void mm_unary_parameters(mm_unary op, const float *given, float p[4]) {
  int count = op == MM_UNARY_HSIGMOID                                                   ? 4
              : op == MM_UNARY_CLAMP || op == MM_UNARY_SOFTPLUS                         ? 2
              : op == MM_UNARY_LEAKY_RELU || op == MM_UNARY_ELU || op == MM_UNARY_POW ? 1
                                                                                        : 0;
  memset(p, 0, 4 * sizeof(float));
  if (count) memcpy(p, given, (size_t)count * sizeof(float));
}
