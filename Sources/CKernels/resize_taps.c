#include "resize_taps.h"

#include <math.h>
#include <string.h>

#include "math_flat.h"
#include "mm_pool.h"

// Input positions a step of the output, in single precision as in PyTorch.
static float ratio(long in, long out, double scale) {
  return scale > 0 ? (float)(1.0 / scale) : (float)in / (float)out;
}

static long nearest(long i, long in, long out, double scale) {
  if (out == in) return i;
  if (out == 2 * in) return i / 2;
  const float x = floorf((float)i * ratio(in, out, scale));
  return x < (float)in ? mm_min_long((long)x, in - 1) : in - 1;
}

static long nearest_exact(long i, long in, long out, double scale) {
  const float x = floorf((float)(((double)i + 0.5) * ratio(in, out, scale)));
  return x < (float)in ? mm_min_long((long)x, in - 1) : in - 1;
}

// The position of output i between inputs. Without aligned corners it is a fused multiply-add, rounded once.
static float source(long i, long in, long out, double scale, int align_corners) {
  if (align_corners) return (out > 1 ? (float)(in - 1) / (float)(out - 1) : 0.0f) * (float)i;
  return fmaf(ratio(in, out, scale), (float)i + 0.5f, -0.5f);
}

static float clamped(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

static void linear(long i, long in, long out, double scale, int align_corners, long *place, float *weight) {
  const float x = fmaxf(source(i, in, out, scale, align_corners), 0.0f);
  const long first = out == in ? i : x < (float)in ? mm_min_long((long)x, in - 1) : in - 1;
  const float past = out == in ? 0.0f : clamped(x - (float)first, 0.0f, 1.0f);
  place[0] = first;
  place[1] = mm_min_long(first + 1, in - 1);
  if (out == in) place[1] = first;
  weight[0] = 1.0f - past;
  weight[1] = past;
}

// Keys' cubic convolution (https://doi.org/10.1109/TASSP.1981.1163711) with A = -0.75.
static float near_weight(float x) { return ((-0.75f + 2.0f) * x - (-0.75f + 3.0f)) * x * x + 1.0f; }
static float far_weight(float x) { return ((-0.75f * x + 5.0f * 0.75f) * x - 8.0f * 0.75f) * x + 4.0f * 0.75f; }

static void cubic(long i, long in, long out, double scale, int align_corners, long *place, float *weight) {
  const float x = source(i, in, out, scale, align_corners), low = floorf(x);
  const long first = low < (float)in ? mm_min_long((long)low, in - 1) : in - 1;
  const float t = clamped(x - (float)first, 0.0f, 1.0f);
  for (long k = 0; k < 4; k++) place[k] = mm_min_long(mm_max_long(first - 1 + k, 0), in - 1);
  weight[0] = far_weight(t + 1.0f);
  weight[1] = near_weight(t);
  weight[2] = near_weight(1.0f - t);
  weight[3] = far_weight(2.0f - t);
}

static void axis(const mm_resize *r, long in, long out, double scale, int taps, long *place, float *weight) {
  for (long i = 0; i < out; i++, place += taps, weight += taps) {
    switch (r->mode) {
      case MM_RESIZE_NEAREST:
        *place = nearest(i, in, out, scale);
        *weight = 1;
        break;
      case MM_RESIZE_NEAREST_EXACT:
        *place = nearest_exact(i, in, out, scale);
        *weight = 1;
        break;
      case MM_RESIZE_BILINEAR:
        linear(i, in, out, scale, r->align_corners, place, weight);
        break;
      case MM_RESIZE_BICUBIC:
        cubic(i, in, out, scale, r->align_corners, place, weight);
        break;
    }
  }
}

void mm_resize_taps(const mm_resize *r, mm_taps *rows, mm_taps *columns) {
  const int taps = r->mode == MM_RESIZE_BILINEAR ? 2 : r->mode == MM_RESIZE_BICUBIC ? 4 : 1;
  const long y = r->oh * taps, x = r->ow * taps;
  long *place = mm_scratch(0, (size_t)(y + x) * (sizeof(long) + sizeof(float)));
  float *weight = (float *)(place + y + x);
  axis(r, r->h, r->oh, r->scale_h, taps, place, weight);
  axis(r, r->w, r->ow, r->scale_w, taps, place + y, weight + y);
  *rows = (mm_taps){taps, place, weight};
  *columns = (mm_taps){taps, place + y, weight + y};
}

mm_transposed_taps mm_transpose_taps(const mm_taps *taps, long in, long out, int slot) {
  const long count = out * taps->taps;
  long *start = mm_scratch(slot, (size_t)(in + 2 + count) * sizeof(long) + (size_t)count * sizeof(float));
  long *place = start + in + 2;
  float *weight = (float *)(place + count);
  // start[i + 2] counts input i, then start[i + 1] is where its next entry goes.
  memset(start, 0, (size_t)(in + 2) * sizeof *start);
  for (long k = 0; k < count; k++) start[taps->place[k] + 2]++;
  for (long i = 2; i <= in; i++) start[i] += start[i - 1];
  for (long k = 0; k < count; k++) {
    const long slot_of = start[taps->place[k] + 1]++;
    place[slot_of] = k / taps->taps;
    weight[slot_of] = taps->weight[k];
  }
  return (mm_transposed_taps){start, place, weight};
}
