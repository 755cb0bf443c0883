// What the bins of a region read along one axis.
#pragma once
#include <math.h>

#include "math_flat.h"
#include "mm_region.h"

// A bilinear sample: pixels `low` and `high` with their weights. Outside of the map both weights are 0.
typedef struct mm_region_sample {
  int32_t low, high;
  float low_weight, high_weight;
  int32_t inside;
  float at;
} mm_region_sample;

typedef struct mm_region_axis {
  long bins, size;
  float grid;  // samples a bin, those counted that nobody has to look at
  long most;   // room for samples a bin
  mm_region_sample *samples;
  int32_t *sample_count;
  // The same added up a pixel: bin b mixes count[b] pixels, pixels[b * size ...] with weights[b * size ...]. For RoIPool
  // these are the pixels of the bin, count[b] from first[b].
  int32_t *first, *count, *pixels;
  float *weights;
} mm_region_axis;

// Fills the axis for a box between `low` and `high`, in image pixels; memory is the calling thread's scratch `slot`.
void mm_region_samples(
    const mm_region_pool *p, float scale, float low, float high, long bins, long size, int slot, mm_region_axis *axis);
// Adds the samples of each bin up to weights of pixels.
void mm_region_weights(mm_region_axis *axis);
// The pixels of the bins of RoIPool.
void mm_region_bins(float scale, float low, float high, long bins, long size, int slot, mm_region_axis *axis);

// The map that region r reads, and the image in it.
static inline const mm_region_map *mm_region_map_of(const mm_region_pool *p, long r) {
  return p->maps + (p->level ? p->level[r] : 0);
}
static inline long mm_region_image(const mm_region_pool *p, long r) { return (long)p->boxes[5 * r]; }
