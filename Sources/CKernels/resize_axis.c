// Source positions of a resized axis, rounded as PyTorch rounds them (in f32).
#include "resize_axis.h"

#include <math.h>
#include <stdlib.h>

#include "math_flat.h"

void mm_cubic_weights(float t, float w[4]) {
  const float a = -0.75f;
  float x = t + 1.0f;
  w[0] = ((a * x - 5.0f * a) * x + 8.0f * a) * x - 4.0f * a;
  w[1] = ((a + 2.0f) * t - (a + 3.0f)) * t * t + 1.0f;
  x = 1.0f - t;
  w[2] = ((a + 2.0f) * x - (a + 3.0f)) * x * x + 1.0f;
  x = 2.0f - t;
  w[3] = ((a * x - 5.0f * a) * x + 8.0f * a) * x - 4.0f * a;
}

static long clamp(long i, long n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

static float step_of(int align, long in, long out, double scale) {
  if (align) return out > 1 ? (float)(in - 1) / (float)(out - 1) : 0.0f;
  return scale > 0 ? (float)(1.0 / scale) : (float)in / (float)out;
}

static long nearest(long o, long in, long out, float step) {
  if (out == in) return o;
  if (out == 2 * in) return o >> 1;
  return clamp((long)floorf((float)o * step), in);
}

mm_resize_axis mm_resize_axis_make(mm_resize_mode mode, int align_corners, long in, long out, double scale) {
  int taps = mode == MM_RESIZE_BICUBIC ? 4 : mode == MM_RESIZE_BILINEAR ? 2 : 1;
  long cells = out * taps;
  mm_resize_axis a = {.taps = taps, .in = in, .out = out};
  a.index = mm_temporary((size_t)(cells + 2 * in) * sizeof(long) + (size_t)cells * sizeof(float));
  a.first = a.index + cells;
  a.last = a.first + in;
  a.weight = (float *)(a.last + in);
  float step = step_of(align_corners && taps > 1, in, out, scale);
  for (long o = 0; o < out; o++) {
    long *index = a.index + o * taps;
    float *weight = a.weight + o * taps;
    if (taps == 1) {
      index[0] = mode == MM_RESIZE_NEAREST ? nearest(o, in, out, step)
                                           : clamp((long)floorf(((float)o + 0.5f) * step), in);
      weight[0] = 1.0f;
      continue;
    }
    float real = align_corners ? step * (float)o : step * ((float)o + 0.5f) - 0.5f;
    if (taps == 2) {
      if (real < 0 || out == in) real = out == in ? (float)o : 0.0f;
      index[0] = clamp((long)real, in);
      index[1] = index[0] + (index[0] < in - 1);
      float t = fminf(fmaxf(real - (float)index[0], 0.0f), 1.0f);
      weight[0] = 1.0f - t;
      weight[1] = t;
      continue;
    }
    long base = (long)floorf(real);
    if (base > in - 1) base = in - 1;
    mm_cubic_weights(fminf(fmaxf(real - (float)base, 0.0f), 1.0f), weight);
    for (int k = 0; k < 4; k++) index[k] = clamp(base - 1 + k, in);
  }
  for (long i = 0; i < in; i++) {
    a.first[i] = out;
    a.last[i] = 0;
  }
  for (long o = 0; o < out; o++)
    for (int k = 0; k < taps; k++) {
      long i = a.index[o * taps + k];
      if (o < a.first[i]) a.first[i] = o;
      if (o + 1 > a.last[i]) a.last[i] = o + 1;
    }
  return a;
}

void mm_resize_axis_free(mm_resize_axis *axis) { free(axis->index); }
