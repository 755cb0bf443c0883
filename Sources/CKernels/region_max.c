// RoIAlign with maxima and RoIPool, forward and backward.
#include <float.h>

#include "math_inline.h"
#include "mm_pool.h"
#include "region_axis.h"
#include "region_internal.h"

// y = the larger of y and the sample, and index = `number` where it is the sample.
MM_CLONES static void keep_sample(
    long c, const float *const from[4], const float weight[4], int32_t number, float *y, int32_t *index) {
  const float *a = from[0], *b = from[1], *d = from[2], *e = from[3];
  const float wa = weight[0], wb = weight[1], wd = weight[2], we = weight[3];
  MM_LOOP for (long k = 0; k < c; k++) {
    const float value = wa * a[k] + wb * b[k] + wd * d[k] + we * e[k];
    index[k] = value > y[k] ? number : index[k];
    y[k] = value > y[k] ? value : y[k];
  }
}

MM_CLONES static void keep_pixel(long c, const float *x, int32_t number, float *y, int32_t *index) {
  MM_LOOP for (long k = 0; k < c; k++) {
    index[k] = x[k] > y[k] ? number : index[k];
    y[k] = x[k] > y[k] ? x[k] : y[k];
  }
}

MM_CLONES static void start_bin(long c, float value, float *y, int32_t *index) {
  for (long k = 0; k < c; k++) {
    y[k] = value;
    index[k] = -1;
  }
}

static void sample_axes(const mm_region_pool *p, long r, mm_region_axis *rows, mm_region_axis *columns) {
  const mm_region_map *map = mm_region_map_of(p, r);
  const float *box = p->boxes + 5 * r;
  mm_region_samples(p, map->scale, box[2], box[4], p->oh, map->h, 0, rows);
  mm_region_samples(p, map->scale, box[1], box[3], p->ow, map->w, 1, columns);
}

// Offsets, in pixels, and weights of the four pixels of a sample; 0 outside of the map.
static void corners_of(
    const mm_region_sample *row, const mm_region_sample *column, long width, long place[4], float weight[4]) {
  const int inside = row->inside && column->inside;
  place[0] = inside ? row->low * width + column->low : 0;
  place[1] = inside ? row->low * width + column->high : 0;
  place[2] = inside ? row->high * width + column->low : 0;
  place[3] = inside ? row->high * width + column->high : 0;
  weight[0] = inside ? row->low_weight * column->low_weight : 0;
  weight[1] = inside ? row->low_weight * column->high_weight : 0;
  weight[2] = inside ? row->high_weight * column->low_weight : 0;
  weight[3] = inside ? row->high_weight * column->high_weight : 0;
}

void mm_region_max_one(const mm_region_pool *p, long r, float *y, int32_t *index) {
  const mm_region_map *map = mm_region_map_of(p, r);
  const float *x = map->x + mm_region_image(p, r) * map->h * map->w * p->c;
  mm_region_axis rows, columns;
  sample_axes(p, r, &rows, &columns);
  for (long bin = 0; bin < p->oh * p->ow; bin++, y += p->c, index += p->c) {
    const long i = bin / p->ow, j = bin % p->ow, wide = columns.sample_count[j];
    start_bin(p->c, -10000.0f, y, index);
    for (long a = 0; a < rows.sample_count[i]; a++)
      for (long b = 0; b < wide; b++) {
        long place[4];
        float weight[4];
        corners_of(rows.samples + i * rows.most + a, columns.samples + j * columns.most + b, map->w, place, weight);
        const float *const from[4] = {x + place[0] * p->c, x + place[1] * p->c, x + place[2] * p->c, x + place[3] * p->c};
        keep_sample(p->c, from, weight, (int32_t)(a * wide + b), y, index);
      }
  }
}

void mm_region_max_spread(
    const mm_region_pool *p, long r, const float *dy, const int32_t *index, long lanes, float *dx) {
  const mm_region_map *map = mm_region_map_of(p, r);
  mm_region_axis rows, columns;
  sample_axes(p, r, &rows, &columns);
  for (long bin = 0; bin < p->oh * p->ow; bin++, dy += p->c, index += p->c) {
    const long i = bin / p->ow, j = bin % p->ow, wide = columns.sample_count[j];
    for (long k = 0; k < lanes; k++) {
      if (index[k] < 0) continue;
      const mm_region_sample *row = rows.samples + i * rows.most + index[k] / wide;
      // A row at exactly -1 is read, but mmcv takes that number for "none" on the way back.
      if (row->at == -1.0f) continue;
      long place[4];
      float weight[4];
      corners_of(row, columns.samples + j * columns.most + index[k] % wide, map->w, place, weight);
      for (int t = 0; t < 4; t++) dx[place[t] * p->c + k] += weight[t] * dy[k];
    }
  }
}

void mm_region_pool_one(const mm_region_pool *p, long r, float *y, int32_t *index) {
  const mm_region_map *map = mm_region_map_of(p, r);
  const float *x = map->x + mm_region_image(p, r) * map->h * map->w * p->c, *box = p->boxes + 5 * r;
  mm_region_axis rows, columns;
  mm_region_bins(map->scale, box[2], box[4], p->oh, map->h, 0, &rows);
  mm_region_bins(map->scale, box[1], box[3], p->ow, map->w, 1, &columns);
  for (long bin = 0; bin < p->oh * p->ow; bin++, y += p->c, index += p->c) {
    const long i = bin / p->ow, j = bin % p->ow, height = rows.count[i], width = columns.count[j];
    start_bin(p->c, height * width == 0 ? 0.0f : -FLT_MAX, y, index);
    for (long a = rows.first[i]; a < rows.first[i] + height; a++)
      for (long b = columns.first[j]; b < columns.first[j] + width; b++)
        keep_pixel(p->c, x + (a * map->w + b) * p->c, (int32_t)(a * map->w + b), y, index);
  }
}

void mm_region_pool_spread(
    const mm_region_pool *p, long r, const float *dy, const int32_t *index, long lanes, float *dx) {
  (void)r;
  for (long bin = 0; bin < p->oh * p->ow; bin++, dy += p->c, index += p->c)
    for (long k = 0; k < lanes; k++)
      if (index[k] >= 0) dx[index[k] * p->c + k] += dy[k];
}
