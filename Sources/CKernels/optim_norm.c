// Scaling, and moving averages.
#include "mm_pool.h"
#include "optim_internal.h"

MM_CLONES static void scale(long n, const mm_flat *f) {
  float *x = f->out[0];
  const float a = *(const float *)f->context;
  MM_LOOP for (long i = 0; i < n; i++) x[i] *= a;
}

void mm_scale(long n, float a, float *x) {
  mm_flat_run(scale, n, MM_CHUNK_LIGHT, &(mm_flat){.out = {x}, .out_size = {4}, .context = &a});
}

MM_CLONES static void ema(long n, const mm_flat *f) {
  const float *x = f->in[0], *q = f->context;
  float *average = f->out[0];
  const float decay = q[0], fresh = q[1];
  MM_LOOP for (long i = 0; i < n; i++) {
    const float kept = average[i] * decay;
    average[i] = mm_add_scaled_one(kept, x[i], fresh);
  }
}

void mm_ema_update(long n, double decay, const float *x, float *average) {
  const float q[2] = {(float)decay, (float)(1 - decay)};
  mm_flat_run(ema, n, MM_CHUNK_LIGHT,
              &(mm_flat){.in = {x}, .in_size = {4}, .out = {average}, .out_size = {4}, .context = q});
}
