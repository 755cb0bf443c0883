// Stochastic gradient descent with momentum (torch.optim.SGD).
#include "optim_internal.h"

enum { MOMENTUM = 1, FIRST = 2, NESTEROV = 4 };
struct coefficients {
  float decay, momentum, fresh, rate;
};

MM_INLINE void sgd(long n, const mm_flat *f, const int kind, const int decays) {
  const struct coefficients q = *(const struct coefficients *)f->context;
  const float *grad = f->in[0];
  float *param = f->out[0], *buffer = f->out[1];
  MM_LOOP for (long i = 0; i < n; i++) {
    const float p = param[i];
    float g = grad[i];
    if (decays) g = mm_add_scaled_one(g, p, q.decay);
    if (kind & MOMENTUM) {
      float b = g;
      if (!(kind & FIRST)) {
        const float kept = buffer[i] * q.momentum;
        b = mm_add_scaled_one(kept, g, q.fresh);
      }
      buffer[i] = b;
      g = kind & NESTEROV ? mm_add_scaled_one(g, b, q.momentum) : b;
    }
    param[i] = mm_add_scaled_one(p, g, q.rate);
  }
}

// One loop for each combination: its conditions are constants.
#define STEP(name, kind)                                                                                     \
  MM_CLONES static void name(long n, const mm_flat *f) {                                                     \
    if (((const struct coefficients *)f->context)->decay != 0) {                                             \
      sgd(n, f, kind, 1);                                                                                    \
    } else {                                                                                                 \
      sgd(n, f, kind, 0);                                                                                    \
    }                                                                                                        \
  }
STEP(plain, 0)
STEP(momentum, MOMENTUM)
STEP(first, MOMENTUM | FIRST)
STEP(nesterov, MOMENTUM | NESTEROV)
STEP(nesterov_first, MOMENTUM | NESTEROV | FIRST)

void mm_sgd_step(const mm_sgd *o, long n, const float *grad, float *momentum_buffer, float *param) {
  const struct coefficients q = {(float)o->weight_decay, (float)o->momentum, (float)(1 - o->dampening),
                                 (float)-o->lr};
  mm_flat_fn run = plain;
  if (o->momentum != 0 && o->nesterov) run = o->first ? nesterov_first : nesterov;
  if (o->momentum != 0 && !o->nesterov) run = o->first ? first : momentum;
  mm_flat_run(run, n, MM_CHUNK_LIGHT,
              &(mm_flat){.in = {grad},
                         .in_size = {4},
                         .out = {param, o->momentum != 0 ? momentum_buffer : NULL},
                         .out_size = {4, 4},
                         .context = &q});
}
