// Images: decoding, encoding, resampling and pixel arithmetic. All buffers are dense: height x width x channels.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Space for an error message, its terminating zero included.
enum { MM_IMAGE_MESSAGE = 256 };

// ---- JPEG (image_jpeg.c)

typedef struct mm_jpeg mm_jpeg;
enum { MM_JPEG_BGR = 0, MM_JPEG_GRAY = 1, MM_JPEG_CMYK = 2 };

// Reads the header of `size` bytes at `data`, which must stay valid until mm_jpeg_close. NULL and a message on failure.
mm_jpeg *_Nullable mm_jpeg_open(const uint8_t *_Nonnull data, size_t size, char *_Nonnull message);
// Width, height, number of colour components (1, 3, 4), and the APP1 segment that holds EXIF data, if any.
void mm_jpeg_info(
    const mm_jpeg *_Nonnull jpeg, int *_Nonnull width, int *_Nonnull height, int *_Nonnull components,
    int *_Nonnull adobe, const uint8_t *_Nullable *_Nonnull exif, size_t *_Nonnull exif_size);
// Decodes all rows into `dst` (3, 1 or 4 bytes a pixel). Returns 0, or -1 and a message. To be called once.
int mm_jpeg_read(mm_jpeg *_Nonnull jpeg, int layout, uint8_t *_Nonnull dst, char *_Nonnull message);
void mm_jpeg_close(mm_jpeg *_Nonnull jpeg);

// Encodes 1 (gray) or 3 (BGR) channels. The result is to be freed with free(). NULL and a message on failure.
uint8_t *_Nullable mm_jpeg_write(
    const uint8_t *_Nonnull src, int width, int height, int channels, int quality, int progressive,
    size_t *_Nonnull size, char *_Nonnull message);

// ---- PNG (image_png.c)

typedef struct mm_png mm_png;
// As OpenCV reads colour, gray and unchanged images (BGR order), and the samples as stored (RGB order, palette indices).
enum { MM_PNG_BGR = 0, MM_PNG_GRAY = 1, MM_PNG_UNCHANGED = 2, MM_PNG_STORED = 3 };

mm_png *_Nullable mm_png_open(const uint8_t *_Nonnull data, size_t size, char *_Nonnull message);
// Size and channels that mm_png_read delivers for `layout`, bytes a sample (1 or 2), bit depth in the file, whether the
// image has a palette, and EXIF data, if any.
void mm_png_info(
    const mm_png *_Nonnull png, int layout, int *_Nonnull width, int *_Nonnull height, int *_Nonnull channels,
    int *_Nonnull sample_bytes, int *_Nonnull bit_depth, int *_Nonnull palette);
// The palette as RGB triples (up to 256) and its number of entries.
int mm_png_palette(const mm_png *_Nonnull png, uint8_t *_Nonnull rgb);
// EXIF data, known after mm_png_read.
const uint8_t *_Nullable mm_png_exif(const mm_png *_Nonnull png, size_t *_Nonnull size);
int mm_png_read(mm_png *_Nonnull png, int layout, uint8_t *_Nonnull dst, char *_Nonnull message);
void mm_png_close(mm_png *_Nonnull png);

// Encodes 1 (gray), 3 (BGR) or 4 (BGRA) channels, or, given `entries` > 0 RGB triples, 1 channel of palette indices.
uint8_t *_Nullable mm_png_write(
    const uint8_t *_Nonnull src, int width, int height, int channels, const uint8_t *_Nullable palette, int entries,
    int level, size_t *_Nonnull size, char *_Nonnull message);

// ---- Resampling

enum { MM_SCALE_NEAREST = 0, MM_SCALE_LINEAR = 1, MM_SCALE_CUBIC = 2, MM_SCALE_AREA = 3, MM_SCALE_LANCZOS = 4 };
// As OpenCV's resize (image_resize_*.c). Sizes must be positive; channels 1...4.
void mm_image_resize_u8(
    const uint8_t *_Nonnull src, int sw, int sh, int channels, uint8_t *_Nonnull dst, int dw, int dh, int method);
void mm_image_resize_f32(
    const float *_Nonnull src, int sw, int sh, int channels, float *_Nonnull dst, int dw, int dh, int method);

enum {
  MM_PILLOW_NEAREST = 0, MM_PILLOW_LANCZOS = 1, MM_PILLOW_BILINEAR = 2, MM_PILLOW_BICUBIC = 3, MM_PILLOW_BOX = 4,
  MM_PILLOW_HAMMING = 5
};
// As Pillow's Image.resize of 8-bit images (image_pillow.c). Sizes must be positive; channels 1, 3 or 4.
void mm_image_resize_pillow(
    const uint8_t *_Nonnull src, int sw, int sh, int channels, uint8_t *_Nonnull dst, int dw, int dh, int filter);

// ---- Moving pixels (image_geometry.c); `bytes` is the size of one pixel

void mm_image_flip(
    const uint8_t *_Nonnull src, int width, int height, int bytes, int horizontal, int vertical,
    uint8_t *_Nonnull dst);
// Applies an EXIF orientation (1...8); 5...8 swap width and height.
void mm_image_orient(
    const uint8_t *_Nonnull src, int width, int height, int bytes, int orientation, uint8_t *_Nonnull dst);
enum { MM_BORDER_CONSTANT = 0, MM_BORDER_EDGE = 1, MM_BORDER_REFLECT = 2, MM_BORDER_SYMMETRIC = 3 };
// `fill` is one pixel; used when `mode` is MM_BORDER_CONSTANT.
void mm_image_pad(
    const uint8_t *_Nonnull src, int width, int height, int bytes, int left, int top, int right, int bottom, int mode,
    const uint8_t *_Nonnull fill, uint8_t *_Nonnull dst);

// ---- Pixel arithmetic (image_color.c, image_point.c)

// dst[c] = (float(src[c']) - mean[c]) * scale[c], c' = channels - 1 - c if `swap`. Channels 1...4. As OpenCV does it,
// the difference is rounded to f32, then multiplied in f64 and rounded again.
void mm_image_normalize_u8(
    const uint8_t *_Nonnull src, size_t pixels, int channels, int swap, const float *_Nonnull mean,
    const double *_Nonnull scale, float *_Nonnull dst);
void mm_image_normalize_f32(
    const float *_Nonnull src, size_t pixels, int channels, int swap, const float *_Nonnull mean,
    const double *_Nonnull scale, float *_Nonnull dst);
void mm_image_u8_to_f32(const uint8_t *_Nonnull src, size_t count, float *_Nonnull dst);
// Rounds half to even and saturates.
void mm_image_f32_to_u8(const float *_Nonnull src, size_t count, uint8_t *_Nonnull dst);
// Swaps the first and third of 3 or 4 channels of `bytes` bytes each.
void mm_image_swap_colors(
    const uint8_t *_Nonnull src, size_t pixels, int channels, int bytes, uint8_t *_Nonnull dst);
// Each sample of `bytes` bytes three times.
void mm_image_triple(const uint8_t *_Nonnull src, size_t count, int bytes, uint8_t *_Nonnull dst);
// The weighted sum of the first three channels, rounded from `bits` fractional bits.
void mm_image_gray_u8(
    const uint8_t *_Nonnull src, size_t pixels, int channels, int w0, int w1, int w2, int bits,
    uint8_t *_Nonnull dst);
void mm_image_gray_f32(const float *_Nonnull src, size_t pixels, int blue_first, float *_Nonnull dst);

// HSV (image_hsv.c); 3 channels, BGR if `blue_first`, else RGB.
void mm_image_to_hsv_u8(const uint8_t *_Nonnull src, size_t pixels, int blue_first, uint8_t *_Nonnull dst);
void mm_image_to_hsv_f32(const float *_Nonnull src, size_t pixels, int blue_first, float *_Nonnull dst);
void mm_image_from_hsv_u8(
    const uint8_t *_Nonnull src, size_t width, size_t height, int blue_first, uint8_t *_Nonnull dst);
void mm_image_from_hsv_f32(const float *_Nonnull src, size_t pixels, int blue_first, float *_Nonnull dst);

// ---- Warps (image_warp.c)

// dst(x, y) = src(m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]), bilinear or nearest. `mode` is one of MM_PAD_*, `fill`
// one pixel. Channels 1...4, bytes or floats.
void mm_image_warp(
    const void *_Nonnull src, int is_float, int sw, int sh, int channels, const double *_Nonnull inverse, int linear,
    int mode, const float *_Nonnull fill, void *_Nonnull dst, int dw, int dh);

// ---- Blending and filters (image_blend.c)

// OpenCV's addWeighted: a * alpha + b * beta in f32, fused. Bytes: rounded and saturated, or, if `cut`, limited and
// truncated as NumPy does.
void mm_image_blend_u8(
    const uint8_t *_Nonnull a, float alpha, const uint8_t *_Nonnull b, float beta, size_t count, int cut,
    uint8_t *_Nonnull dst);
void mm_image_blend_f32(
    const float *_Nonnull a, float alpha, const float *_Nonnull b, float beta, size_t count, float *_Nonnull dst);
// 3 x 3 correlation of bytes in f32, reflecting at the borders without the edge pixel; rounded and saturated.
void mm_image_filter3(
    const uint8_t *_Nonnull src, int width, int height, int channels, const float *_Nonnull kernel,
    uint8_t *_Nonnull dst);
// Replaces each sample by table[sample]; `tables` holds one table of 256 a channel.
void mm_image_look_up(
    const uint8_t *_Nonnull src, size_t pixels, int channels, const uint8_t *_Nonnull tables, uint8_t *_Nonnull dst);
// Counts the values of each channel: 256 counts a channel.
void mm_image_histogram(
    const uint8_t *_Nonnull src, size_t pixels, int channels, uint64_t *_Nonnull counts);
