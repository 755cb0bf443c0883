// Fused optimizer steps over one flat parameter, with PyTorch's formulas and order of rounding.
#pragma once

typedef struct mm_sgd {
  double lr, momentum, dampening, weight_decay;
  int nesterov;
  int first;  // the momentum buffer is new: it becomes the gradient
} mm_sgd;
// momentum_buffer may be NULL when momentum is 0.
void mm_sgd_step(const mm_sgd *_Nonnull o, long n, const float *_Nonnull grad, float *_Nullable momentum_buffer,
                 float *_Nonnull param);

typedef struct mm_adam {
  double lr, beta1, beta2, eps, weight_decay;
  long step;      // 1 for the first step
  int decoupled;  // AdamW's weight decay
} mm_adam;
// max_exp_avg_sq is NULL without amsgrad.
void mm_adam_step(const mm_adam *_Nonnull o, long n, const float *_Nonnull grad, float *_Nonnull exp_avg,
                  float *_Nonnull exp_avg_sq, float *_Nullable max_exp_avg_sq, float *_Nonnull param);

typedef struct mm_rmsprop {
  double lr, alpha, eps, weight_decay, momentum;
} mm_rmsprop;
// momentum_buffer is NULL when momentum is 0, grad_avg NULL when not centered.
void mm_rmsprop_step(const mm_rmsprop *_Nonnull o, long n, const float *_Nonnull grad, float *_Nonnull square_avg,
                     float *_Nullable momentum_buffer, float *_Nullable grad_avg, float *_Nonnull param);

// Sum of squares in double, and the largest magnitude (NaN if there is one): norms of gradients.
double mm_sum_of_squares(long n, const float *_Nonnull x);
double mm_sum_of_abs(long n, const float *_Nonnull x);
float mm_max_abs(long n, const float *_Nonnull x);
// x *= a
void mm_scale(long n, float a, float *_Nonnull x);
// average = decay average + (1 - decay) x, rounded as mul_(decay).add_(x, alpha=1 - decay).
void mm_ema_update(long n, double decay, const float *_Nonnull x, float *_Nonnull average);
