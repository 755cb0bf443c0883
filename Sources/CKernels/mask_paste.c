#include "mm_paste.h"

#include <math.h>

#include "mm_pool.h"

// Two neighbours along an axis of the mask, where they are inside, and their weights.
typedef struct {
  int32_t low, high, has_low, has_high;
  float low_weight, high_weight;
} paste_tap;

// Where the pixels from `first` fall on a mask of `size` that is stretched over start...end.
static void place(float start, float end, long first, long count, long size, paste_tap *taps) {
  for (long i = 0; i < count; i++) {
    const float pixel = (float)(first + i) + 0.5f;
    float at = (pixel - start) / (end - start) * 2.0f - 1.0f;
    if (isinf(at)) at = 0;
    at = fmaf(at + 1.0f, (float)size / 2.0f, -0.5f);
    paste_tap tap = {0};
    if (at > -1.0f && at < (float)size) {  // not a number lies nowhere
      const float low = floorf(at);
      tap.low = (int32_t)low;
      tap.high = tap.low + 1;
      tap.high_weight = at - low;
      tap.low_weight = 1.0f - tap.high_weight;
      tap.has_low = tap.low >= 0;
      tap.has_high = tap.high < size;
      if (!tap.has_low) tap.low = 0;
      if (!tap.has_high) tap.high = 0;
    }
    taps[i] = tap;
  }
}

void mm_mask_paste(const float *mask, long height, long width, const float *box, long left, long top, long window_width,
                   long window_height, float threshold, uint8_t *window) {
  paste_tap *columns = mm_scratch(0, (size_t)(window_width + 1) * sizeof *columns);
  paste_tap *rows = mm_scratch(1, (size_t)(window_height + 1) * sizeof *rows);
  place(box[0], box[2], left, window_width, width, columns);
  place(box[1], box[3], top, window_height, height, rows);
  const float least = threshold < 0 ? 1.0f / 255.0f : threshold;
  for (long y = 0; y < window_height; y++) {
    const paste_tap *row = rows + y;
    const float *upper = mask + row->low * width, *lower = mask + row->high * width;
    for (long x = 0; x < window_width; x++) {
      const paste_tap *column = columns + x;
      const float a = row->has_low && column->has_low ? upper[column->low] : 0;
      const float b = row->has_low && column->has_high ? upper[column->high] : 0;
      const float c = row->has_high && column->has_low ? lower[column->low] : 0;
      const float d = row->has_high && column->has_high ? lower[column->high] : 0;
      const float value = column->low_weight * row->low_weight * a + column->high_weight * row->low_weight * b +
                          column->low_weight * row->high_weight * c + column->high_weight * row->high_weight * d;
      window[y * window_width + x] = value >= least;
    }
  }
}
