// The pixels that one sampling position reads.
#pragma once
#include "mm_gridsample.h"

// Up to 16 pixels inside the image: y * w + x, their weights, and the weights' derivatives by the grid's coordinates.
typedef struct mm_sample_taps {
  int count;
  long pixel[16];
  float weight[16], by_x[16], by_y[16];
} mm_sample_taps;

void mm_sample_taps_at(const mm_grid_sample *s, float gx, float gy, mm_sample_taps *taps);
