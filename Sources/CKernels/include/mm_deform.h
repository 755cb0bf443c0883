// Deformable convolution over NHWC data: x is [n, h, w, c], y [n, oh, ow, oc], weights [oc, kh, kw, c / groups].
#pragma once

typedef struct mm_deform_conv {
  long n, h, w, c, oh, ow, oc;
  long kh, kw, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, groups, deform_groups;
} mm_deform_conv;

// offset is [n, oh, ow, deform_groups, kh * kw, 2]: how far each point of the kernel moves down and to the right.
// mask (NULL for ones) is [n, oh, ow, deform_groups, kh * kw] and is multiplied into what is read there.
void mm_deform_conv_forward(const mm_deform_conv *_Nonnull s, const float *_Nonnull x, const float *_Nonnull offset,
                            const float *_Nullable mask, const float *_Nonnull weight, const float *_Nullable bias,
                            float *_Nonnull y);
// Gradients are overwritten; each may be NULL, and dmask must be where mask is.
void mm_deform_conv_backward(const mm_deform_conv *_Nonnull s, const float *_Nonnull x, const float *_Nonnull offset,
                             const float *_Nullable mask, const float *_Nonnull weight, const float *_Nonnull dy,
                             float *_Nullable dx, float *_Nullable doffset, float *_Nullable dmask,
                             float *_Nullable dweight);
