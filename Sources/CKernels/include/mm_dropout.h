// Dropout whose mask is a function of a seed and an element's position: backward computes it again, nothing is stored,
// and neither the number of threads nor the instruction set changes it.
#pragma once
#include <stdint.h>

// y[i] = x[i] * scale where the element is kept, else 0; an element is dropped with probability p (0...1). y may be x.
// The gradient is the same function of dy.
void mm_dropout(long n, float p, float scale, uint64_t seed, const float *_Nonnull x, float *_Nonnull y);
