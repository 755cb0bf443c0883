// The input pixels that one point of a grid mixes.
#pragma once
#include <math.h>

#include "math_inline.h"
#include "mm_gridsample.h"

// Pixels outside of the image have place -1: they count as 0. `along_x` and `along_y` are the derivatives of the
// weights by the grid's coordinates.
typedef struct mm_grid_taps {
  int taps;  // 1, 4 or 16
  long place[16];
  float weight[16], along_x[16], along_y[16];
} mm_grid_taps;

// A position along an axis of `size` pixels, and its derivative by the grid's coordinate.
typedef struct mm_grid_position {
  float at, slope;
} mm_grid_position;

// From -1...1 to pixels.
static inline mm_grid_position mm_grid_unnormalized(float g, long size, int align_corners) {
  const float scale = align_corners ? (float)(size - 1) / 2.0f : (float)size / 2.0f;
  if (align_corners) return (mm_grid_position){(g + 1.0f) * scale, scale};
  return (mm_grid_position){fmaf(g + 1.0f, scale, -0.5f), scale};
}

// Into the image; NaN goes to 0. On the borders and beyond them the derivative is 0.
static inline mm_grid_position mm_grid_clipped(mm_grid_position p, long size) {
  const float most = (float)(size - 1);
  const int inside = p.at > 0 && p.at < most;
  return (mm_grid_position){p.at > 0 ? (p.at < most ? p.at : most) : 0.0f, inside ? p.slope : 0.0f};
}

// Mirrored at the first and the last pixel: at their centers with aligned corners, else at their outer edges.
static inline mm_grid_position mm_grid_reflected(mm_grid_position p, long size, int align_corners) {
  const float low = align_corners ? 0.0f : -0.5f;
  const float twice = align_corners ? 2.0f * (float)(size - 1) : 2.0f * (float)size;
  if (twice == 0) return (mm_grid_position){0, 0};
  const float from = fabsf(p.at - low), rest = from - truncf(from / twice) * twice;
  float slope = p.at < low ? -p.slope : p.slope;
  if (rest > twice - rest) slope = -slope;
  return (mm_grid_position){fminf(rest, twice - rest) + low, slope};
}

static inline mm_grid_position mm_grid_padded(const mm_grid_sample *s, mm_grid_position p, long size) {
  if (s->padding == MM_SAMPLE_ZEROS) return p;
  if (s->padding == MM_SAMPLE_REFLECTION) p = mm_grid_reflected(p, size, s->align_corners);
  return mm_grid_clipped(p, size);
}

// The taps of the grid's point (x, y).
void mm_grid_taps_at(const mm_grid_sample *s, const float *point, mm_grid_taps *taps);
