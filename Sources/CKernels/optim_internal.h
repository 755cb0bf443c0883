// What the optimizer steps share.
#pragma once
#include "math_flat.h"
#include "math_inline.h"
#include "mm_optim.h"

// The steps round where PyTorch's operators do. A multiplication and an addition in one statement become a fused
// multiply-add on machines that have one, as in `add(alpha)` and `addcmul`; separate statements are never fused.
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
