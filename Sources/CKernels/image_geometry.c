// Flips, EXIF orientations and padding: pixels move, values stay.
#include "image_internal.h"

// `bytes` is a constant wherever this is called, so that every copy becomes a few moves.
MM_INLINE void mirror_row(const uint8_t *src, int width, int bytes, uint8_t *dst) {
  const uint8_t *from = src + (size_t)(width - 1) * (size_t)bytes;
  for (int x = 0; x < width; x++, from -= bytes, dst += bytes) __builtin_memcpy(dst, from, (size_t)bytes);
}

typedef uint8_t bytes16 __attribute__((vector_size(16), aligned(1)));

// Five pixels of three bytes a step. A step reads the byte before its pixels and writes the one after them.
MM_CLONES static void mirror_row3(const uint8_t *src, int width, uint8_t *dst) {
  int x = 0;
  for (; x + 6 <= width; x += 5) {
    bytes16 v = *(const bytes16 *)(src + 3 * (width - 5 - x) - 1);
    *(bytes16 *)(dst + 3 * x) =
        __builtin_shufflevector(v, v, 13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, 0);
  }
  mirror_row(src, width - x, 3, dst + 3 * x);
}

static void mirror(const uint8_t *src, int width, int bytes, uint8_t *dst) {
  switch (bytes) {
    case 1: mirror_row(src, width, 1, dst); break;
    case 3: mirror_row3(src, width, dst); break;
    case 4: mirror_row(src, width, 4, dst); break;
    case 12: mirror_row(src, width, 12, dst); break;
    default: mirror_row(src, width, bytes, dst); break;
  }
}

void mm_image_flip(
    const uint8_t *src, int width, int height, int bytes, int horizontal, int vertical, uint8_t *dst) {
  size_t stride = (size_t)width * (size_t)bytes;
  for (int y = 0; y < height; y++) {
    const uint8_t *from = src + (size_t)(vertical ? height - 1 - y : y) * stride;
    if (horizontal)
      mirror(from, width, bytes, dst + (size_t)y * stride);
    else
      memcpy(dst + (size_t)y * stride, from, stride);
  }
}

void mm_image_orient(const uint8_t *src, int width, int height, int bytes, int orientation, uint8_t *dst) {
  if (orientation <= 4) {
    mm_image_flip(src, width, height, bytes, orientation == 2 || orientation == 3, orientation >= 3, dst);
    return;
  }
  // 5: transposed; 6: turned right; 7: transposed over the other diagonal; 8: turned left. The result is height x width.
  int from_bottom = orientation == 6 || orientation == 7, from_right = orientation == 7 || orientation == 8;
  size_t stride = (size_t)width * (size_t)bytes;
  enum { BLOCK = 32 };
  for (int y0 = 0; y0 < width; y0 += BLOCK)
    for (int x0 = 0; x0 < height; x0 += BLOCK) {
      int y1 = y0 + BLOCK < width ? y0 + BLOCK : width, x1 = x0 + BLOCK < height ? x0 + BLOCK : height;
      for (int y = y0; y < y1; y++) {
        uint8_t *to = dst + ((size_t)y * (size_t)height + (size_t)x0) * (size_t)bytes;
        size_t column = (size_t)(from_right ? width - 1 - y : y) * (size_t)bytes;
        for (int x = x0; x < x1; x++, to += bytes)
          memcpy(to, src + (size_t)(from_bottom ? height - 1 - x : x) * stride + column, (size_t)bytes);
      }
    }
}

// Where position `i` of an axis of `n` pixels comes from, as numpy.pad and OpenCV's borders have it.
static int outside(int i, int n, int mode) {
  if (i >= 0 && i < n) return i;
  if (mode == MM_BORDER_EDGE || n == 1) return i < 0 ? 0 : n - 1;
  // The pattern repeats after 2n - 2 pixels when the edge pixel is not doubled, after 2n when it is.
  int skip = mode == MM_BORDER_REFLECT;
  long period = 2L * n - 2L * skip;
  long at = i % period;
  if (at < 0) at += period;
  return (int)(at < n ? at : 2L * n - 1 - skip - at);
}

static void fill_pixels(uint8_t *dst, size_t count, int bytes, const uint8_t *pixel) {
  int same = 1;
  for (int i = 1; i < bytes; i++) same &= pixel[i] == pixel[0];
  if (same) {
    memset(dst, pixel[0], count * (size_t)bytes);
    return;
  }
  size_t total = count * (size_t)bytes, filled = (size_t)bytes;
  if (count == 0) return;
  memcpy(dst, pixel, (size_t)bytes);
  while (filled < total) {
    size_t step = filled < total - filled ? filled : total - filled;
    memcpy(dst + filled, dst, step);
    filled += step;
  }
}

void mm_image_pad(
    const uint8_t *src, int width, int height, int bytes, int left, int top, int right, int bottom, int mode,
    const uint8_t *fill, uint8_t *dst) {
  size_t pixel = (size_t)bytes, in = (size_t)width * pixel, out = (size_t)(left + width + right) * pixel;
  for (int y = 0; y < height; y++) {
    uint8_t *row = dst + (size_t)(top + y) * out, *inner = row + (size_t)left * pixel;
    memcpy(inner, src + (size_t)y * in, in);
    if (mode == MM_BORDER_CONSTANT) {
      fill_pixels(row, (size_t)left, bytes, fill);
      fill_pixels(inner + in, (size_t)right, bytes, fill);
    } else {
      for (int x = 0; x < left; x++)
        memcpy(row + (size_t)x * pixel, inner + (size_t)outside(x - left, width, mode) * pixel, pixel);
      for (int x = 0; x < right; x++)
        memcpy(inner + in + (size_t)x * pixel, inner + (size_t)outside(width + x, width, mode) * pixel, pixel);
    }
  }
  uint8_t *first = dst + (size_t)top * out;
  for (int y = -top; y < height + bottom; y++) {
    if (y == 0) y = height;
    if (y >= height + bottom) break;
    uint8_t *row = dst + (size_t)(top + y) * out;
    if (mode == MM_BORDER_CONSTANT)
      fill_pixels(row, out / pixel, bytes, fill);
    else
      memcpy(row, first + (size_t)outside(y, height, mode) * out, out);
  }
}
