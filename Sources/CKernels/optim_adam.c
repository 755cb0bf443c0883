// Adam (Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980) and AdamW (Loshchilov and Hutter, 2019,
// https://arxiv.org/abs/1711.05101), each with or without AMSGrad's maximum.
#include "optim_internal.h"

enum { COUPLED = 1, DECOUPLED = 2, AMSGRAD = 4 };
struct coefficients {
  float decay, beta1, fresh1, beta2, fresh2, root, eps, rate;
};

MM_INLINE void adam(long n, const mm_flat *f, const int kind) {
  const struct coefficients q = *(const struct coefficients *)f->context;
  const float *grad = f->in[0];
  float *param = f->out[0], *mean = f->out[1], *square = f->out[2], *largest = f->out[3];
  MM_LOOP for (long i = 0; i < n; i++) {
    float p = param[i], g = grad[i];
    if (kind & COUPLED) g = mm_add_scaled_one(g, p, q.decay);
    if (kind & DECOUPLED) p = p * q.decay;
    const float kept_mean = mean[i] * q.beta1;
    const float m = mm_add_scaled_one(kept_mean, g, q.fresh1);
    const float kept_square = square[i] * q.beta2;
    float v = mm_addcmul_one(kept_square, g, g, q.fresh2);
    mean[i] = m;
    square[i] = v;
    if (kind & AMSGRAD) {
      v = mm_larger(largest[i], v);
      largest[i] = v;
    }
    const float root = __builtin_elementwise_sqrt(v) / q.root;
    const float denominator = root + q.eps;
    param[i] = mm_addcdiv_one(p, m, denominator, q.rate);
  }
}

#define STEP(name, kind)                                                                                     \
  MM_CLONES static void name(long n, const mm_flat *f) { adam(n, f, kind); }
STEP(plain, 0)
STEP(coupled, COUPLED)
STEP(decoupled, DECOUPLED)
STEP(plain_amsgrad, AMSGRAD)
STEP(coupled_amsgrad, COUPLED | AMSGRAD)
STEP(decoupled_amsgrad, DECOUPLED | AMSGRAD)

void mm_adam_step(const mm_adam *o, long n, const float *grad, float *exp_avg, float *exp_avg_sq,
                  float *max_exp_avg_sq, float *param) {
  static const mm_flat_fn table[2][3] = {{plain, coupled, decoupled},
                                         {plain_amsgrad, coupled_amsgrad, decoupled_amsgrad}};
  const double correction1 = 1 - pow(o->beta1, (double)o->step), correction2 = 1 - pow(o->beta2, (double)o->step);
  const double decay = o->decoupled ? 1 - o->lr * o->weight_decay : o->weight_decay;
  const struct coefficients q = {(float)decay,
                                 (float)o->beta1,
                                 (float)(1 - o->beta1),
                                 (float)o->beta2,
                                 (float)(1 - o->beta2),
                                 (float)sqrt(correction2),
                                 (float)o->eps,
                                 (float)-(o->lr / correction1)};
  const int kind = o->decoupled ? 2 : o->weight_decay != 0;
  mm_flat_run(table[max_exp_avg_sq != NULL][kind], n, MM_CHUNK_HEAVY,
              &(mm_flat){.in = {grad},
                         .in_size = {4},
                         .out = {param, exp_avg, exp_avg_sq, max_exp_avg_sq},
                         .out_size = {4, 4, 4, 4},
                         .context = &q});
}
