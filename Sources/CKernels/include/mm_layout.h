// Moving data: strided copies and transposes, padding, pixel shuffles, unfold and fold, number formats, images.
#pragma once
#include <stdint.h>

// dst[i] = src[i] for every index i of `shape` (rank 0...8); strides in elements of `size` bytes (1, 2, 4 or 8), a source
// stride may be 0. Source and destination must not overlap. Transposes, slices, concatenation, expansion.
void mm_strided_copy(int size, int rank, const long *_Nonnull shape, const long *_Nonnull src_strides,
                     const void *_Nonnull src, const long *_Nonnull dst_strides, void *_Nonnull dst);
// dst [batch, cols, rows] = src [batch, rows, cols] transposed.
void mm_transpose(int size, long batch, long rows, long cols, const void *_Nonnull src, void *_Nonnull dst);
void mm_nchw_to_nhwc(long n, long c, long h, long w, const float *_Nonnull x, float *_Nonnull y);
void mm_nhwc_to_nchw(long n, long c, long h, long w, const float *_Nonnull x, float *_Nonnull y);
// dst[i] += src[i] with strides as above; dst strides must not be 0 where the extent is above 1.
void mm_strided_add(int rank, const long *_Nonnull shape, const long *_Nonnull src_strides, const float *_Nonnull src,
                    const long *_Nonnull dst_strides, float *_Nonnull dst);

typedef enum mm_pad_mode { MM_PAD_CONSTANT, MM_PAD_REFLECT, MM_PAD_REPLICATE, MM_PAD_CIRCULAR } mm_pad_mode;
// y [n, top + h + bottom, left + w + right, c]. Negative pads crop (constant mode only). reflect needs pads below the
// extent, circular at most the extent.
void mm_pad_forward(mm_pad_mode mode, long n, long h, long w, long c, long top, long bottom, long left, long right,
                    float value, const float *_Nonnull x, float *_Nonnull y);
void mm_pad_backward(mm_pad_mode mode, long n, long h, long w, long c, long top, long bottom, long left, long right,
                     const float *_Nonnull dy, float *_Nonnull dx);

// x [n, h, w, c r r] -> y [n, h r, w r, c], and back (each is the other's gradient).
void mm_pixel_shuffle(long n, long h, long w, long c, long r, const float *_Nonnull x, float *_Nonnull y);
void mm_pixel_unshuffle(long n, long h, long w, long c, long r, const float *_Nonnull x, float *_Nonnull y);

typedef struct mm_unfold2d {
  long n, h, w, c;
  int kh, kw, sh, sw, ph, pw, dh, dw;
} mm_unfold2d;
// Extent of one axis of the sliding blocks: (size + 2 pad - dilation (kernel - 1) - 1) / stride + 1.
long mm_unfold_extent(long size, int kernel, int stride, int pad, int dilation);
// x NHWC -> y [n, c kh kw, l] row-major with l = oh ow, PyTorch's order of rows. fold is its gradient: it sums blocks.
void mm_unfold(const mm_unfold2d *_Nonnull p, const float *_Nonnull x, float *_Nonnull y);
void mm_fold(const mm_unfold2d *_Nonnull p, const float *_Nonnull y, float *_Nonnull x);

typedef enum mm_dtype {
  MM_DTYPE_F32,
  MM_DTYPE_F16,
  MM_DTYPE_BF16,
  MM_DTYPE_F64,
  MM_DTYPE_I64,
  MM_DTYPE_I32,
  MM_DTYPE_U8,
  MM_DTYPE_BOOL,  // a byte, 0 or 1
} mm_dtype;
// Converts n elements: to nearest-even between floats, towards zero (saturating; NaN gives 0) from floats to
// integers, low bits between integers, "is not 0" to bool. Buffers must not overlap.
void mm_convert(long n, mm_dtype from, const void *_Nonnull x, mm_dtype to, void *_Nonnull y);

// Interleaved u8 pixels (channels `c`, 1...4, rows `stride` bytes apart) to f32 HWC: (x - mean) * inv_std, channels taken
// in reverse order first if `swap`.
void mm_normalize_image(long h, long w, long c, long stride, const uint8_t *_Nonnull x, const float *_Nonnull mean,
                        const float *_Nonnull inv_std, int swap, float *_Nonnull y);
