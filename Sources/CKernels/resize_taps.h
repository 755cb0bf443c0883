// Which input positions each output position of an axis mixes, and with which weights.
#pragma once
#include "mm_resize.h"

// place and weight are [outputs, taps]; places are inside of the input.
typedef struct mm_taps {
  int taps;  // 1, 2 or 4
  const long *place;
  const float *weight;
} mm_taps;

// The same, listed by input position i: outputs place[start[i]..<start[i + 1]], ascending, with their weights.
typedef struct mm_transposed_taps {
  const long *start, *place;
  const float *weight;
} mm_transposed_taps;

// Taps of both axes. The memory is the calling thread's scratch slot 0.
void mm_resize_taps(const mm_resize *r, mm_taps *rows, mm_taps *columns);
// Turns around taps of one axis, in the scratch slot given.
mm_transposed_taps mm_transpose_taps(const mm_taps *taps, long in, long out, int slot);
