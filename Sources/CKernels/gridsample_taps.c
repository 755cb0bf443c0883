#include "gridsample_taps.h"

// A pixel number from a whole float, or -1 for what is outside of 0..<size (NaN too).
static long pixel(float x, long size) { return x >= 0 && x < (float)size ? (long)x : -1; }
static long joined(long y, long x, long w) { return y < 0 || x < 0 ? -1 : y * w + x; }

static void bilinear(const mm_grid_sample *s, mm_grid_position x, mm_grid_position y, mm_grid_taps *taps) {
  const float left = floorf(x.at), top = floorf(y.at);
  const float right_weight = x.at - left, left_weight = 1.0f - right_weight;
  const float bottom_weight = y.at - top, top_weight = 1.0f - bottom_weight;
  const long x0 = pixel(left, s->w), x1 = pixel(left + 1.0f, s->w);
  const long y0 = pixel(top, s->h), y1 = pixel(top + 1.0f, s->h);
  *taps = (mm_grid_taps){
      .taps = 4,
      .place = {joined(y0, x0, s->w), joined(y0, x1, s->w), joined(y1, x0, s->w), joined(y1, x1, s->w)},
      .weight = {left_weight * top_weight, right_weight * top_weight, left_weight * bottom_weight,
                 right_weight * bottom_weight},
      .along_x = {-top_weight * x.slope, top_weight * x.slope, -bottom_weight * x.slope, bottom_weight * x.slope},
      .along_y = {-left_weight * y.slope, -right_weight * y.slope, left_weight * y.slope, right_weight * y.slope}};
}

// Keys' cubic convolution (https://doi.org/10.1109/TASSP.1981.1163711) with A = -0.75, and its derivative by t.
static void cubic(float t, float *weight, float *slope) {
  const float a = -0.75f, b = 1.0f - t;
  weight[0] = ((a * (t + 1.0f) - 5.0f * a) * (t + 1.0f) + 8.0f * a) * (t + 1.0f) - 4.0f * a;
  weight[1] = ((a + 2.0f) * t - (a + 3.0f)) * t * t + 1.0f;
  weight[2] = ((a + 2.0f) * b - (a + 3.0f)) * b * b + 1.0f;
  weight[3] = ((a * (b + 1.0f) - 5.0f * a) * (b + 1.0f) + 8.0f * a) * (b + 1.0f) - 4.0f * a;
  slope[0] = (3.0f * a * (t + 1.0f) - 10.0f * a) * (t + 1.0f) + 8.0f * a;
  slope[1] = (3.0f * (a + 2.0f) * t - 2.0f * (a + 3.0f)) * t;
  slope[2] = -(3.0f * (a + 2.0f) * b - 2.0f * (a + 3.0f)) * b;
  slope[3] = -((3.0f * a * (b + 1.0f) - 10.0f * a) * (b + 1.0f) + 8.0f * a);
}

static void bicubic(const mm_grid_sample *s, mm_grid_position x, mm_grid_position y, mm_grid_taps *taps) {
  const float left = floorf(x.at), top = floorf(y.at);
  float wx[4], wy[4], dx[4], dy[4];
  long column[4], row[4];
  cubic(x.at - left, wx, dx);
  cubic(y.at - top, wy, dy);
  for (int k = 0; k < 4; k++) {  // each tap is padded for itself
    const mm_grid_position px = {left + (float)(k - 1), 0}, py = {top + (float)(k - 1), 0};
    column[k] = pixel(mm_grid_padded(s, px, s->w).at, s->w);
    row[k] = pixel(mm_grid_padded(s, py, s->h).at, s->h);
  }
  taps->taps = 16;
  for (int j = 0; j < 4; j++)
    for (int i = 0; i < 4; i++) {
      const int k = 4 * j + i;
      taps->place[k] = joined(row[j], column[i], s->w);
      taps->weight[k] = wy[j] * wx[i];
      taps->along_x[k] = wy[j] * dx[i] * x.slope;
      taps->along_y[k] = dy[j] * wx[i] * y.slope;
    }
}

void mm_grid_taps_at(const mm_grid_sample *s, const float *point, mm_grid_taps *taps) {
  mm_grid_position x = mm_grid_unnormalized(point[0], s->w, s->align_corners);
  mm_grid_position y = mm_grid_unnormalized(point[1], s->h, s->align_corners);
  if (s->mode == MM_SAMPLE_BICUBIC) {
    bicubic(s, x, y, taps);
    return;
  }
  x = mm_grid_padded(s, x, s->w);
  y = mm_grid_padded(s, y, s->h);
  if (s->mode == MM_SAMPLE_BILINEAR) {
    bilinear(s, x, y, taps);
  } else {  // halves go to the even pixel
    const long column = pixel(rintf(x.at), s->w), row = pixel(rintf(y.at), s->h);
    *taps = (mm_grid_taps){.taps = 1, .place = {joined(row, column, s->w)}, .weight = {1}};
  }
}
