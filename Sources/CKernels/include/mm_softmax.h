// Softmax and log-softmax along the middle axis of a contiguous [outer, n, inner] array; inner == 1 is fastest.
#pragma once

// y may be x. A row whose maximum is -infinity gives NaN, as in PyTorch.
void mm_softmax_forward(long outer, long n, long inner, const float *_Nonnull x, float *_Nonnull y);
void mm_log_softmax_forward(long outer, long n, long inner, const float *_Nonnull x, float *_Nonnull y);
// dx from the forward's result y: y (dy - sum(y dy)), and dy - exp(y) sum(dy). dx may be dy.
void mm_softmax_backward(long outer, long n, long inner, const float *_Nonnull y, const float *_Nonnull dy,
                         float *_Nonnull dx);
void mm_log_softmax_backward(long outer, long n, long inner, const float *_Nonnull y, const float *_Nonnull dy,
                             float *_Nonnull dx);
