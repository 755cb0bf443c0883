// Where the moved points of a deformable kernel lie, and the work on the channels of a point.
#pragma once
#include "include/mm_deform.h"
#include "math_inline.h"
#include <math.h>
#include <string.h>

// The pixels around a point that lie in the image, at most four, with their weights and these weights' derivatives.
typedef struct mm_deform_taps {
  int count;
  long place[4];
  float weight[4], along_h[4], along_w[4];
} mm_deform_taps;

// Point `k` of deformable group `group` for the output pixel (oy, ox), whose offsets start at `offset`.
static inline void mm_deform_taps_at(const mm_deform_conv *s, const float *offset, long oy, long ox, long group, long k,
                                     mm_deform_taps *t) {
  const float *move = offset + (group * s->kh * s->kw + k) * 2;
  const float h = (float)(oy * s->stride_h - s->pad_h + k / s->kw * s->dil_h) + move[0];
  const float w = (float)(ox * s->stride_w - s->pad_w + k % s->kw * s->dil_w) + move[1];
  t->count = 0;
  if (!(h > -1 && w > -1 && h < (float)s->h && w < (float)s->w)) return;
  const long top = (long)floorf(h), left = (long)floorf(w);
  const float lh = h - (float)top, lw = w - (float)left, hh = 1 - lh, hw = 1 - lw;
  const float weight[4] = {hh * hw, hh * lw, lh * hw, lh * lw};
  const float along_h[4] = {-hw, -lw, hw, lw}, along_w[4] = {-hh, hh, -lh, lh};
  for (int i = 0; i < 4; i++) {
    const long y = top + i / 2, x = left + i % 2;
    if (y < 0 || x < 0 || y >= s->h || x >= s->w) continue;
    const int at = t->count++;
    t->place[at] = y * s->w + x;
    t->weight[at] = weight[i];
    t->along_h[at] = along_h[i];
    t->along_w[at] = along_w[i];
  }
}

// y = the weighted sum of up to four rows of n floats; zeros if there are none.
void mm_deform_mix(int count, const float *const *from, const float *weight, long n, float *y);
