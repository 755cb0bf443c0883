// Where the elements of one axis come from when it is resized.
#pragma once
#include "mm_resize.h"

// For each of `out` positions `taps` pairs of a source index and a weight; for each of `in` positions the range
// first..<last of output positions that may read it (empty where none does).
typedef struct mm_resize_axis {
  int taps;
  long in, out;
  long *index;    // [out, taps]
  float *weight;  // [out, taps]
  long *first, *last;
} mm_resize_axis;

// One block of memory, to be released by mm_resize_axis_free.
mm_resize_axis mm_resize_axis_make(mm_resize_mode mode, int align_corners, long in, long out, double scale);
void mm_resize_axis_free(mm_resize_axis *axis);
// Weights of the four neighbours of a position t (0...1) behind the second: Keys' cubic with a = -0.75.
void mm_cubic_weights(float t, float w[4]);
