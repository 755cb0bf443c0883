// 2-D convolution over NHWC activations and OIHW weights: forward, both gradients, and the packing of weights.
//
// Results do not depend on the number of threads. Scratch memory: slots 3...7 of mm_scratch; code that calls these
// functions from inside a pool task must not rely on its own blocks in those slots.
#pragma once
#include <stddef.h>

// The instruction sets that kernels exist for. `GENERIC` is portable C (NEON on arm64, SSE2 on x86-64).
typedef enum { MM_ISA_GENERIC, MM_ISA_AVX2, MM_ISA_AVX512 } mm_isa;

// The best set of this processor, and the one in use: the best, unless MMSWIFT_ISA (generic, avx2, avx512) or
// mm_isa_set chose a lesser one for the calling thread. A set that the processor lacks is never chosen. Packed weights
// serve every set.
mm_isa mm_isa_best(void);
mm_isa mm_isa_current(void);
void mm_isa_set(mm_isa isa);

// One convolution. Activations are [n, h, w, c] and [n, oh, ow, oc], weights [oc, c / groups, kh, kw].
// The output size is given, so the padding at the bottom and on the right is what it implies; padding may exceed the
// kernel, and pixels outside of the image read as zero.
typedef struct {
  int n, h, w, c;
  int oc, kh, kw;
  int stride_h, stride_w, pad_h, pad_w, dil_h, dil_w;
  int groups;
  int oh, ow;
} mm_conv_shape;

// Whether sizes are positive, channels divisible by the groups, and all element counts and offsets representable.
int mm_conv_shape_valid(const mm_conv_shape *_Nonnull shape);

// The activation that a kernel applies to what it stores. `LEAKY_RELU` takes its slope, `CLIP` its upper bound (the
// lower is 0), from the parameter beside it; the others ignore it. `GELU` is the exact one (erf), `SILU` x*sigmoid(x),
// `HSWISH` x*relu6(x+3)/6.
typedef enum {
  MM_ACT_NONE,
  MM_ACT_RELU,
  MM_ACT_RELU6,
  MM_ACT_LEAKY_RELU,
  MM_ACT_CLIP,
  MM_ACT_SILU,
  MM_ACT_HSWISH,
  MM_ACT_SIGMOID,
  MM_ACT_GELU,
} mm_activation;

// How a convolution is computed; it decides the layout of the packed weights.
// DIRECT serves every shape. STEM merges the taps of a kernel row, for few input channels. DEPTHWISE is for one channel
// a group on both sides. WINOGRAD2 and WINOGRAD4, F(2x2, 3x3) and F(4x4, 3x3), are for 3x3 kernels of stride and
// dilation 1 without groups; they round more (about 1e-5 and 6e-5 of the RMS). SCATTER, for the gradient of the input
// without groups only, multiplies every output pixel with all weights and adds the windows up.
typedef enum {
  MM_CONV_DIRECT,
  MM_CONV_STEM,
  MM_CONV_DEPTHWISE,
  MM_CONV_WINOGRAD2,
  MM_CONV_WINOGRAD4,
  MM_CONV_SCATTER,
} mm_conv_algorithm;

// What mm_conv_choose may pick: no Winograd at all, up to F(2x2), up to F(4x4). AUTO is F4, AUTO_TRAINING is F2.
typedef enum {
  MM_CONV_SET_AUTO = 0,
  MM_CONV_SET_DIRECT = 1,
  MM_CONV_SET_F2 = 2,
  MM_CONV_SET_AUTO_TRAINING = 3,
  MM_CONV_SET_F4 = 4,
} mm_conv_setting;

// The fastest algorithm for the forward pass, and for the gradient of the input.
mm_conv_algorithm mm_conv_choose(const mm_conv_shape *_Nonnull shape, mm_conv_setting setting);
mm_conv_algorithm mm_conv_choose_dgrad(const mm_conv_shape *_Nonnull shape, mm_conv_setting setting);

// Bytes of the packed weights, and the packing. Blocks should be 64-byte aligned. `scale` (one value an output channel;
// for the gradient of the input one value an input channel) multiplies the weights: it folds a normalisation in.
size_t mm_conv_packed_bytes(const mm_conv_shape *_Nonnull shape, mm_conv_algorithm algorithm);
void mm_conv_pack(
    const mm_conv_shape *_Nonnull shape, mm_conv_algorithm algorithm, const float *_Nonnull weight,
    const float *_Nullable scale, void *_Nonnull packed);
size_t mm_conv_packed_bytes_dgrad(const mm_conv_shape *_Nonnull shape, mm_conv_algorithm algorithm);
void mm_conv_pack_dgrad(
    const mm_conv_shape *_Nonnull shape, mm_conv_algorithm algorithm, const float *_Nonnull weight,
    const float *_Nullable scale, void *_Nonnull packed);

// y = act(conv(x) + bias + residual). `residual` has y's layout. y must not overlap the inputs.
void mm_conv_forward(
    const mm_conv_shape *_Nonnull shape, mm_conv_algorithm algorithm, const float *_Nonnull x,
    const void *_Nonnull packed, const float *_Nullable bias, const float *_Nullable residual, mm_activation act,
    float act_param, float *_Nonnull y);

// dx = act(gradient of the input + bias). With bias (one value an input channel) and activation this is the forward
// pass of a transposed convolution whose weights are [oc, c / groups, kh, kw] and whose output is [n, h, w, c].
void mm_conv_backward_data(
    const mm_conv_shape *_Nonnull shape, mm_conv_algorithm algorithm, const float *_Nonnull dy,
    const void *_Nonnull packed, const float *_Nullable bias, mm_activation act, float act_param,
    float *_Nonnull dx);

// dw (OIHW) and, when asked for, dbias [oc]; both are overwritten.
void mm_conv_backward_weight(
    const mm_conv_shape *_Nonnull shape, const float *_Nonnull x, const float *_Nonnull dy, float *_Nonnull dw,
    float *_Nullable dbias);
