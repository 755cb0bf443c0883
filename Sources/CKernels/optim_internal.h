// What the optimizer steps share.
#pragma once
#include "math_flat.h"
#include "math_inline.h"
#include "mm_optim.h"

// Each statement below rounds as one operator of PyTorch does: a fused multiply-add where the machine has one, in
// `add(alpha)` and `addcmul`. More than one such operation a statement would let the compiler fuse across operators.
MM_INLINE float mm_add_scaled_one(float x, float z, float a) { return x + z * a; }
MM_INLINE float mm_addcmul_one(float x, float z, float w, float a) {
  const float az = a * z;
  return x + az * w;
}
MM_INLINE float mm_addcdiv_one(float x, float z, float w, float a) {
  const float az = a * z;
  const float q = az / w;
  return x + q;
}
