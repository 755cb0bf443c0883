// From grid coordinates to pixels and weights.
#include "gridsample_taps.h"

#include <math.h>

#include "resize_axis.h"

// The coordinate `v` reflected between low / 2 and high / 2; `slope` is multiplied by 1 or -1.
static float reflect(float v, long low, long high, float *slope) {
  if (low == high) {
    *slope = 0;
    return 0;
  }
  float least = (float)low / 2, span = (float)(high - low) / 2;
  v -= least;
  if (v < 0) {
    v = -v;
    *slope = -*slope;
  }
  float extra = fmodf(v, span), turns = floorf(v / span);
  if (fmodf(turns, 2.0f) == 0) return extra + least;
  *slope = -*slope;
  return span - extra + least;
}

static float clip(float v, long size, float *slope) {
  if (!(v > 0)) {
    *slope = 0;
    return 0;
  }
  if (v >= (float)(size - 1)) {
    *slope = 0;
    return (float)(size - 1);
  }
  return v;
}

static float padded(const mm_grid_sample *s, float v, long size, float *slope) {
  if (s->padding == MM_SAMPLE_REFLECTION) {
    v = s->align_corners ? reflect(v, 0, 2 * (size - 1), slope) : reflect(v, -1, 2 * size - 1, slope);
    v = clip(v, size, slope);
  } else if (s->padding == MM_SAMPLE_BORDER) {
    v = clip(v, size, slope);
  }
  // Anything far outside (or not a number) reads nothing.
  return v > -1e8f && v < 1e8f ? v : -100.0f;
}

// Grid coordinate -1...1 to pixels.
static float scaled(const mm_grid_sample *s, float g, long size, float *slope) {
  *slope = s->align_corners ? (float)(size - 1) / 2 : (float)size / 2;
  return s->align_corners ? (g + 1) / 2 * (float)(size - 1) : ((g + 1) * (float)size - 1) / 2;
}

static void add(const mm_grid_sample *s, mm_sample_taps *t, long x, long y, float w, float dx, float dy) {
  if (x < 0 || y < 0 || x >= s->w || y >= s->h) return;
  int k = t->count++;
  t->pixel[k] = y * s->w + x;
  t->weight[k] = w;
  t->by_x[k] = dx;
  t->by_y[k] = dy;
}

static void cubic_slopes(float t, float d[4]) {
  const float a = -0.75f;
  float x = 1 + t;
  d[0] = (3 * a * x - 10 * a) * x + 8 * a;
  d[1] = (3 * (a + 2) * t - 2 * (a + 3)) * t;
  x = 1 - t;
  d[2] = -(3 * (a + 2) * x - 2 * (a + 3)) * x;
  x = 2 - t;
  d[3] = -((3 * a * x - 10 * a) * x + 8 * a);
}

static void bicubic(const mm_grid_sample *s, float x, float y, float sx, float sy, mm_sample_taps *t) {
  // Positions are not padded themselves, but their neighbours are.
  x = x > -1e8f && x < 1e8f ? x : -100.0f;
  y = y > -1e8f && y < 1e8f ? y : -100.0f;
  float x0 = floorf(x), y0 = floorf(y), wx[4], wy[4], dx[4], dy[4];
  mm_cubic_weights(x - x0, wx);
  mm_cubic_weights(y - y0, wy);
  cubic_slopes(x - x0, dx);
  cubic_slopes(y - y0, dy);
  for (int j = 0; j < 4; j++)
    for (int i = 0; i < 4; i++) {
      float unused = 1;
      long px = (long)padded(s, x0 - 1 + (float)i, s->w, &unused);
      long py = (long)padded(s, y0 - 1 + (float)j, s->h, &unused);
      add(s, t, px, py, wx[i] * wy[j], dx[i] * wy[j] * sx, wx[i] * dy[j] * sy);
    }
}

void mm_sample_taps_at(const mm_grid_sample *s, float gx, float gy, mm_sample_taps *t) {
  float sx, sy, x = scaled(s, gx, s->w, &sx), y = scaled(s, gy, s->h, &sy);
  t->count = 0;
  if (s->mode == MM_SAMPLE_BICUBIC) {
    bicubic(s, x, y, sx, sy, t);
    return;
  }
  x = padded(s, x, s->w, &sx);
  y = padded(s, y, s->h, &sy);
  if (s->mode == MM_SAMPLE_NEAREST) {
    add(s, t, (long)nearbyintf(x), (long)nearbyintf(y), 1, 0, 0);
    return;
  }
  float x0 = floorf(x), y0 = floorf(y), x1 = x0 + 1, y1 = y0 + 1;
  long px = (long)x0, py = (long)y0;
  add(s, t, px, py, (x1 - x) * (y1 - y), -(y1 - y) * sx, -(x1 - x) * sy);
  add(s, t, px + 1, py, (x - x0) * (y1 - y), (y1 - y) * sx, -(x - x0) * sy);
  add(s, t, px, py + 1, (x1 - x) * (y - y0), -(y - y0) * sx, (x1 - x) * sy);
  add(s, t, px + 1, py + 1, (x - x0) * (y - y0), (y - y0) * sx, (x - x0) * sy);
}
