// RoIAlign and RoIPool over NHWC maps: boxes become [regions, oh, ow, c].
#pragma once
#include <stdint.h>

typedef enum mm_region_method {
  MM_REGION_ALIGN_AVERAGE,  // means of bilinear samples
  MM_REGION_ALIGN_MAXIMUM,  // the largest sample
  MM_REGION_POOL            // the largest pixel
} mm_region_method;

// One level of a pyramid: x is [n, h, w, c]; boxes times `scale` are in its pixels.
typedef struct mm_region_map {
  long n, h, w;
  float scale;
  const float *_Nullable x;
  float *_Nullable dx;
} mm_region_map;

typedef struct mm_region_pool {
  long regions, c, oh, ow;
  mm_region_method method;
  long sampling;  // samples a bin and axis; 0: one a pixel
  int aligned;    // whether pixel centres lie at halves
  const mm_region_map *_Nonnull maps;
  long levels;
  // Image, x1, y1, x2, y2 of each region; images must exist.
  const float *_Nonnull boxes;
  // The map of each region, or NULL: all in the first.
  const int32_t *_Nullable level;
} mm_region_pool;

// Boxes of negative or endless size give 0. With maxima `index` takes, for the gradient, what was kept.
void mm_region_forward(const mm_region_pool *_Nonnull p, float *_Nonnull y, int32_t *_Nullable index);
// Overwrites the maps' dx. With maxima `index` is what the forward pass left.
void mm_region_backward(const mm_region_pool *_Nonnull p, const float *_Nonnull dy, const int32_t *_Nullable index);
