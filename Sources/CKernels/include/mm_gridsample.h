// `grid_sample` over NHWC data: x is [n, h, w, c], grid [n, oh, ow, 2] holds (x, y) in -1...1, y is [n, oh, ow, c].
#pragma once

typedef enum mm_sample_mode { MM_SAMPLE_BILINEAR, MM_SAMPLE_NEAREST, MM_SAMPLE_BICUBIC } mm_sample_mode;
typedef enum mm_sample_padding { MM_SAMPLE_ZEROS, MM_SAMPLE_BORDER, MM_SAMPLE_REFLECTION } mm_sample_padding;

typedef struct mm_grid_sample {
  long n, h, w, c, oh, ow;
  mm_sample_mode mode;
  mm_sample_padding padding;
  int align_corners;
} mm_grid_sample;

void mm_grid_sample_forward(const mm_grid_sample *_Nonnull s, const float *_Nonnull x, const float *_Nonnull grid,
                            float *_Nonnull y);
// dx and dgrid are overwritten; each may be NULL.
void mm_grid_sample_backward(const mm_grid_sample *_Nonnull s, const float *_Nonnull x, const float *_Nonnull grid,
                             const float *_Nonnull dy, float *_Nullable dx, float *_Nullable dgrid);
