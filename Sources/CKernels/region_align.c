// RoIAlign with means, forward and backward.
//
// A mean of bilinear samples is separable: the samples of a bin weigh rows and columns, and a pixel's weight is the
// product. So each pixel that a bin touches is read once, however many samples lie around it.
#include "math_inline.h"
#include "mm_pool.h"
#include "region_axis.h"
#include "region_internal.h"

// What one bin mixes: rows times columns of pixels.
struct bin_pixels {
  long rows, columns, row_pitch, pitch;
  const int32_t *row, *column;
  const float *row_weights, *column_weights;
  float count;
};

#define MIX(type, blocks, load, store)                                                                         \
  do {                                                                                                         \
    type sum[blocks];                                                                                          \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) sum[b] = (type){};                                      \
    for (long r = 0; r < bin->rows; r++)                                                                       \
      for (long i = 0; i < bin->columns; i++) {                                                                \
        const float weight = bin->row_weights[r] * bin->column_weights[i];                                     \
        const float *from = x + bin->row[r] * bin->row_pitch + bin->column[i] * bin->pitch + k;                \
        _Pragma("unroll") for (int b = 0; b < blocks; b++) sum[b] += load(from + 16 * b) * weight;             \
      }                                                                                                        \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) store(y + k + 16 * b, sum[b] / bin->count);             \
  } while (0)
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))

MM_CLONES static void mix_bin(const struct bin_pixels *bin, const float *x, long c, float *y) {
  long k = 0;
  for (; k + 64 <= c; k += 64) MIX(mm_v16, 4, MM_LOAD16, MM_STORE16);
  for (; k + 16 <= c; k += 16) MIX(mm_v16, 1, MM_LOAD16, MM_STORE16);
  for (; k < c; k++) MIX(float, 1, LOAD, STORE);
}

// Adds a gradient of `lanes` channels to the pixels of its bin.
MM_CLONES static void spread_bin(const struct bin_pixels *bin, const float *dy, long lanes, float *dx) {
  float share[REGION_LANES];
  for (long k = 0; k < lanes; k++) share[k] = dy[k] / bin->count;
  for (long r = 0; r < bin->rows; r++)
    for (long i = 0; i < bin->columns; i++) {
      const float weight = bin->row_weights[r] * bin->column_weights[i];
      float *to = dx + bin->row[r] * bin->row_pitch + bin->column[i] * bin->pitch;
      if (lanes == REGION_LANES) {
        for (long k = 0; k < REGION_LANES; k += 16) MM_STORE16(to + k, MM_LOAD16(to + k) + MM_LOAD16(share + k) * weight);
      } else {
        for (long k = 0; k < lanes; k++) to[k] += share[k] * weight;
      }
    }
}

static void both_axes(const mm_region_pool *p, long r, mm_region_axis *rows, mm_region_axis *columns) {
  const mm_region_map *map = mm_region_map_of(p, r);
  const float *box = p->boxes + 5 * r;
  mm_region_samples(p, map->scale, box[2], box[4], p->oh, map->h, 0, rows);
  mm_region_samples(p, map->scale, box[1], box[3], p->ow, map->w, 1, columns);
  mm_region_weights(rows);
  mm_region_weights(columns);
}

static struct bin_pixels pixels_of(const mm_region_axis *rows, const mm_region_axis *columns, long i, long j, long c) {
  const float count = rows->grid * columns->grid;
  const long row = i * rows->size, column = j * columns->size;
  return (struct bin_pixels){
      .rows = rows->count[i], .columns = columns->count[j], .row_pitch = columns->size * c, .pitch = c,
      .row = rows->pixels + row, .column = columns->pixels + column,
      .row_weights = rows->weights + row, .column_weights = columns->weights + column, .count = count > 1 ? count : 1};
}

void mm_region_align_one(const mm_region_pool *p, long r, float *y) {
  const mm_region_map *map = mm_region_map_of(p, r);
  const float *x = map->x + mm_region_image(p, r) * map->h * map->w * p->c;
  mm_region_axis rows, columns;
  both_axes(p, r, &rows, &columns);
  for (long i = 0; i < p->oh; i++)
    for (long j = 0; j < p->ow; j++) {
      const struct bin_pixels bin = pixels_of(&rows, &columns, i, j, p->c);
      mix_bin(&bin, x, p->c, y + (i * p->ow + j) * p->c);
    }
}

void mm_region_align_spread(const mm_region_pool *p, long r, const float *dy, long lanes, float *dx) {
  mm_region_axis rows, columns;
  both_axes(p, r, &rows, &columns);
  for (long i = 0; i < p->oh; i++)
    for (long j = 0; j < p->ow; j++) {
      const struct bin_pixels bin = pixels_of(&rows, &columns, i, j, p->c);
      spread_bin(&bin, dy + (i * p->ow + j) * p->c, lanes, dx);
    }
}
