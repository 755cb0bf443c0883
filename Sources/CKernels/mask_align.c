// Mask targets: a bitmap averaged over the bins of a box.
#include "mm_mask.h"

#include <math.h>
#include <string.h>

#include "mm_pool.h"

// Bins at a threshold of one half must fall on the same side as with mmcv, whose sums know no fused operations.
#pragma STDC FP_CONTRACT OFF

typedef struct {
  long low, high;
  float toward_low, toward_high;
  int inside;
} sample;

// The samples of all bins along one axis.
static void place(float start, float bin, long bins, long grid, long size, sample *samples) {
  for (long b = 0; b < bins; b++)
    for (long g = 0; g < grid; g++) {
      float at = start + (float)b * bin + ((float)g + .5f) * bin / (float)grid;
      sample *s = samples + b * grid + g;
      s->inside = !(at < -1.0f || at > (float)size);
      if (!s->inside) continue;
      if (at <= 0) at = 0;
      s->low = (long)at;
      if (s->low >= size - 1) {
        s->high = s->low = size - 1;
        at = (float)s->low;
      } else {
        s->high = s->low + 1;
      }
      s->toward_high = at - (float)s->low;
      s->toward_low = 1.f - s->toward_high;
    }
}

static long grid_of(float side, long bins) {
  long grid = (long)ceilf(side / (float)bins);
  return grid > 0 ? grid : 0;
}

void mm_mask_align(
    const uint8_t *mask, long height, long width, const float *box, long out_height, long out_width, float *out) {
  float left = box[0] - .5f, top = box[1] - .5f, right = box[2] - .5f, bottom = box[3] - .5f;
  float w = right - left, h = bottom - top;
  long grid_h = grid_of(h, out_height), grid_w = grid_of(w, out_width), count = grid_h * grid_w;
  if (count == 0) {
    memset(out, 0, (size_t)(out_height * out_width) * sizeof *out);
    return;
  }
  sample *ys = mm_scratch(0, (size_t)(out_height * grid_h) * sizeof *ys);
  sample *xs = mm_scratch(1, (size_t)(out_width * grid_w) * sizeof *xs);
  place(top, h / (float)out_height, out_height, grid_h, height, ys);
  place(left, w / (float)out_width, out_width, grid_w, width, xs);
  for (long i = 0; i < out_height; i++)
    for (long j = 0; j < out_width; j++) {
      float sum = 0;
      for (const sample *y = ys + i * grid_h; y < ys + (i + 1) * grid_h; y++) {
        if (!y->inside) continue;
        const uint8_t *low = mask + y->low * width, *high = mask + y->high * width;
        for (const sample *x = xs + j * grid_w; x < xs + (j + 1) * grid_w; x++) {
          if (!x->inside) continue;
          uint8_t a = low[x->low], b = low[x->high], c = high[x->low], d = high[x->high];
          if (!(a | b | c | d)) continue;
          sum += y->toward_low * x->toward_low * (float)a + y->toward_low * x->toward_high * (float)b +
                 y->toward_high * x->toward_low * (float)c + y->toward_high * x->toward_high * (float)d;
        }
      }
      out[i * out_width + j] = sum / (float)count;
    }
}
