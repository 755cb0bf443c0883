#include "region_axis.h"

#include "mm_pool.h"

#pragma STDC FP_CONTRACT OFF  // positions decide between pixels: they are rounded as by machines without fused products

static void place(mm_region_axis *axis, long bins, long size, long most, int slot) {
  axis->bins = bins;
  axis->size = size;
  axis->most = most;
  char *memory = mm_scratch(
      slot, (size_t)bins * ((size_t)most * sizeof(mm_region_sample) + (size_t)(3 + size) * sizeof(int32_t) + (size_t)size * sizeof(float)));
  axis->samples = (mm_region_sample *)memory;
  axis->sample_count = (int32_t *)(axis->samples + bins * most);
  axis->first = axis->sample_count + bins;
  axis->count = axis->first + bins;
  axis->pixels = axis->count + bins;
  axis->weights = (float *)(axis->pixels + bins * size);
}

static mm_region_sample sample_at(float at, long size) {
  if (!(at >= -1.0f && at <= (float)size)) return (mm_region_sample){0, 0, 0, 0, 0, at};
  float y = at <= 0 ? 0 : at;
  long low = (long)y, high = low + 1;
  if (low >= size - 1) {
    low = high = size - 1;
    y = (float)low;
  }
  const float rest = y - (float)low;
  return (mm_region_sample){(int32_t)low, (int32_t)high, 1.0f - rest, rest, 1, at};
}

void mm_region_samples(
    const mm_region_pool *p, float scale, float low, float high, long bins, long size, int slot, mm_region_axis *axis) {
  const float offset = p->aligned ? 0.5f : 0.0f;
  const float start = low * scale - offset, end = high * scale - offset;
  float length = end - start;
  if (!p->aligned && !(length >= 1.0f)) length = 1.0f;
  const float bin = length / (float)bins;
  float grid = p->sampling > 0 ? (float)p->sampling : ceilf(bin);
  if (!(bin >= 0 && bin < 1e9f && start > -1e9f && start < 1e9f)) grid = 0;
  axis->grid = grid;
  // Where samples are at most a pixel apart, few of them are inside; of those outside one on each side will do.
  const long all = (long)grid, most = p->sampling > 0 ? all : mm_min_long(all, 2 * size + 16);
  place(axis, bins, size, most, slot);
  for (long b = 0; b < bins; b++) {
    const float base = start + (float)b * bin;
    const double step = (double)bin / (double)grid;
    long from = 0, to = all;
    if (all > most && step > 0) {
      from = mm_min_long(all, mm_max_long(0, (long)floor((-1.0 - (double)base) / step) - 2));
      to = mm_max_long(from, mm_min_long(all, (long)ceil(((double)size - (double)base) / step) + 2));
    }
    mm_region_sample *samples = axis->samples + b * most;
    long count = 0;
    if (from > 0) samples[count++] = (mm_region_sample){0, 0, 0, 0, 0, -2};
    for (long i = from; i < to && count < most; i++)
      samples[count++] = sample_at(base + ((float)i + 0.5f) * bin / grid, size);
    if (to < all && count < most) samples[count++] = (mm_region_sample){0, 0, 0, 0, 0, -2};
    axis->sample_count[b] = (int32_t)count;
  }
}

void mm_region_weights(mm_region_axis *axis) {
  for (long b = 0; b < axis->bins; b++) {
    const mm_region_sample *samples = axis->samples + b * axis->most;
    float *weights = axis->weights + b * axis->size;
    int32_t *pixels = axis->pixels + b * axis->size;
    long count = 0;  // samples come in ascending order: a pixel is one of the last two, or new
    for (long i = 0; i < axis->sample_count[b]; i++) {
      if (!samples[i].inside) continue;
      for (int side = 0; side < 2; side++) {
        const int32_t pixel = side ? samples[i].high : samples[i].low;
        const float weight = side ? samples[i].high_weight : samples[i].low_weight;
        if (count > 0 && pixels[count - 1] == pixel) {
          weights[count - 1] += weight;
        } else if (count > 1 && pixels[count - 2] == pixel) {
          weights[count - 2] += weight;
        } else if (weight != 0) {
          pixels[count] = pixel;
          weights[count++] = weight;
        }
      }
    }
    axis->count[b] = (int32_t)count;
  }
}

void mm_region_bins(float scale, float low, float high, long bins, long size, int slot, mm_region_axis *axis) {
  place(axis, bins, size, 0, slot);
  const float start = low * scale, length = (high + 1.0f) * scale - start, bin = length / (float)bins;
  const int sound = length > 0 && length < 1e9f && start > -1e9f && start < 1e9f;
  for (long b = 0; b < bins; b++) {
    const long from = sound ? (long)floorf((float)b * bin + start) : 0;
    const long to = sound ? (long)ceilf((float)(b + 1) * bin + start) : 0;
    axis->first[b] = (int32_t)mm_min_long(mm_max_long(from, 0), size);
    axis->count[b] = (int32_t)mm_max_long(0, mm_min_long(mm_max_long(to, 0), size) - axis->first[b]);
  }
}
