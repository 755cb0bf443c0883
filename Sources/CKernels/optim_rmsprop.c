// RMSprop (torch.optim.RMSprop), with or without momentum and centering.
#include "optim_internal.h"

enum { MOMENTUM = 1, CENTERED = 2 };
struct coefficients {
  float decay, alpha, fresh, eps, momentum, rate;
};

MM_INLINE void rmsprop(long n, const mm_flat *f, const int kind, const int decays) {
  const struct coefficients q = *(const struct coefficients *)f->context;
  const float *grad = f->in[0];
  float *param = f->out[0], *square = f->out[1], *buffer = f->out[2], *mean = f->out[3];
  MM_LOOP for (long i = 0; i < n; i++) {
    const float p = param[i];
    float g = grad[i];
    if (decays) g = mm_add_scaled_one(g, p, q.decay);
    const float kept = square[i] * q.alpha;
    float v = mm_addcmul_one(kept, g, g, q.fresh);
    square[i] = v;
    if (kind & CENTERED) {
      const float kept_mean = mean[i] * q.alpha;
      const float m = mm_add_scaled_one(kept_mean, g, q.fresh);
      mean[i] = m;
      v = mm_addcmul_one(v, m, m, -1.0f);
    }
    const float root = __builtin_elementwise_sqrt(v);
    const float denominator = root + q.eps;
    if (kind & MOMENTUM) {
      const float kept_step = buffer[i] * q.momentum;
      const float b = mm_addcdiv_one(kept_step, g, denominator, 1.0f);
      buffer[i] = b;
      param[i] = mm_add_scaled_one(p, b, q.rate);
    } else {
      param[i] = mm_addcdiv_one(p, g, denominator, q.rate);
    }
  }
}

// One loop for each combination: its conditions are constants.
#define STEP(name, kind)                                                                                     \
  MM_CLONES static void name(long n, const mm_flat *f) {                                                     \
    if (((const struct coefficients *)f->context)->decay != 0) {                                             \
      rmsprop(n, f, kind, 1);                                                                                \
    } else {                                                                                                 \
      rmsprop(n, f, kind, 0);                                                                                \
    }                                                                                                        \
  }
STEP(plain, 0)
STEP(momentum, MOMENTUM)
STEP(centered, CENTERED)
STEP(centered_momentum, CENTERED | MOMENTUM)

void mm_rmsprop_step(const mm_rmsprop *o, long n, const float *grad, float *square_avg, float *momentum_buffer,
                     float *grad_avg, float *param) {
  static const mm_flat_fn table[2][2] = {{plain, momentum}, {centered, centered_momentum}};
  const struct coefficients q = {(float)o->weight_decay, (float)o->alpha,    (float)(1 - o->alpha),
                                 (float)o->eps,          (float)o->momentum, (float)-o->lr};
  const int moves = o->momentum > 0 && momentum_buffer;
  mm_flat_run(table[grad_avg != NULL][moves], n, MM_CHUNK_HEAVY,
              &(mm_flat){.in = {grad},
                         .in_size = {4},
                         .out = {param, square_avg, moves ? momentum_buffer : NULL, grad_avg},
                         .out_size = {4, 4, 4, 4},
                         .context = &q});
}
