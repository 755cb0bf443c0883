// The driver of the direct kernels: no copies of the input, but a table of pointers for each tile of output pixels.
#include "conv_internal.h"

#include <string.h>

typedef struct {
  const mm_indirect *job;
  const mm_kernels *kernels;
  const float *zero;
  int pixels;               // rows * columns * n
  int tile, tiles;          // output pixels a task, and how many such tiles
  int part, parts;          // panels a task, and how many such parts of a bundle's panels
  int together, clusters;   // bundles a task, and how many such clusters
} run;

// Pointers of `count` output pixels from `first` on: to every tap's input, [tap][pixel], and to the output.
static void fill_pointers(const run *r, int first, int count, const float **a, float **out) {
  const mm_indirect *q = r->job;
  const int per_image = q->rows * q->columns;
  int image = first / per_image, i = first % per_image / q->columns, j = first % q->columns;
  for (int p = 0; p < count; p++) {
    const float *base = q->in + (size_t)image * q->in_h * q->in_w * q->in_pitch;
    const int y0 = i * q->step_h, x0 = j * q->step_w;
    const int y = q->out_y + i * q->out_step_h, x = q->out_x + j * q->out_step_w;
    out[p] = q->out + (((size_t)image * q->out_h + y) * q->out_w + x) * q->out_pitch;
    for (int t = 0; t < q->taps; t++) {
      const int iy = y0 + q->tap_y[t], ix = x0 + q->tap_x[t];
      const int inside = (unsigned)iy < (unsigned)q->in_h && (unsigned)ix < (unsigned)q->in_w;
      a[(size_t)t * r->tile + p] = inside ? base + ((size_t)iy * q->in_w + ix) * q->in_pitch : r->zero;
    }
    if (++j == q->columns) {
      j = 0;
      if (++i == q->rows) i = 0, image++;
    }
  }
}

// One tile of pixels times one part of a bundle's channels, with the sum in blocks of k.
static void run_tile(const run *r, const float *const *a, float *const *out, int count, int bundle, int part) {
  const mm_indirect *q = r->job;
  const int panel = part * r->part, column = panel * MM_LANES;
  const size_t depth = (size_t)q->taps * q->k;
  const size_t channel = (size_t)bundle * q->channels + column;
  const float *w = q->packed + bundle * q->packed_stride + (size_t)panel * depth * MM_LANES;
  mm_block b = {
    .rows = count, .narrow = q->narrow, .columns = mm_min(q->channels - column, r->part * MM_LANES), .a_stride = r->tile,
    .panel_stride = depth * MM_LANES, .out = out, .out_offset = channel, .bias = q->bias ? q->bias + channel : NULL,
    .residual = q->residual, .out_base = q->out, .act = q->act, .act_param = q->act_param};
  if (q->k >= MM_K_BLOCK) {
    const int blocks = mm_ceil_div(q->k, MM_K_BLOCK), step = (mm_ceil_div(q->k, blocks) + 7) / 8 * 8;
    for (int t = 0; t < q->taps; t++) {
      for (int k = 0; k < q->k; k += step) {
        b.taps = 1;
        b.k = mm_min(step, q->k - k);
        b.a = a + (size_t)t * r->tile;
        b.k_offset = (size_t)bundle * q->in_channels + k;
        b.panels = w + ((size_t)t * q->k + k) * MM_LANES;
        b.first = t == 0 && k == 0;
        b.last = t == q->taps - 1 && k + b.k == q->k;
        r->kernels->block(&b);
      }
    }
  } else {
    const int blocks = mm_ceil_div(q->taps, MM_K_BLOCK / q->k), step = mm_ceil_div(q->taps, blocks);
    for (int t = 0; t < q->taps; t += step) {
      b.taps = mm_min(step, q->taps - t);
      b.k = q->k;
      b.a = a + (size_t)t * r->tile;
      b.k_offset = (size_t)bundle * q->in_channels;
      b.panels = w + (size_t)t * q->k * MM_LANES;
      b.first = t == 0;
      b.last = t + b.taps == q->taps;
      r->kernels->block(&b);
    }
  }
}

static void indirect_task(void *context, int task, int worker) {
  (void)worker;
  const run *r = context;
  const mm_indirect *q = r->job;
  const int tile = task % r->tiles, rest = task / r->tiles;
  const int part = rest % r->parts, cluster = rest / r->parts;
  const int first = tile * r->tile, count = mm_min(r->tile, r->pixels - first);
  const float **a = mm_scratch(MM_SLOT_TASK, ((size_t)q->taps + 1) * r->tile * sizeof(float *));
  float **out = (float **)(a + (size_t)q->taps * r->tile);
  fill_pointers(r, first, count, a, out);
  const int last = mm_min(q->bundles, (cluster + 1) * r->together);
  for (int bundle = cluster * r->together; bundle < last; bundle++) run_tile(r, a, out, count, bundle, part);
}

void mm_indirect_run(const mm_indirect *job) {
  mm_indirect q = *job;
  run r = {.job = &q, .kernels = mm_kernels_current(), .pixels = q.n * q.rows * q.columns};
  if (r.pixels <= 0) return;
  const int panels = mm_ceil_div(q.channels, MM_LANES);
  // Outputs that no tap reaches are bias and activation alone: one tap of depth 1 that reads zeros times zeros.
  static const int origin[1] = {0};
  const int empty = q.taps == 0;
  if (empty) q.taps = q.k = q.in_channels = 1, q.narrow = 0, q.tap_y = q.tap_x = origin, q.in_h = 0;
  const size_t zeros = (size_t)mm_max(q.bundles * q.in_channels, panels * MM_LANES);
  float *zero = mm_scratch(MM_SLOT_SHARED, zeros * sizeof(float));
  memset(zero, 0, zeros * sizeof(float));
  r.zero = zero;
  if (empty) q.packed = zero, q.packed_stride = 0;

  // Tiles of about 96 pixels; at least 8 tasks where the shape allows it, by splitting first bundles, then channels.
  const int wanted = mm_ceil_div(r.pixels, 96), mr = r.kernels->mr;
  r.tile = (mm_ceil_div(r.pixels, wanted) + mr - 1) / mr * mr;
  r.tiles = mm_ceil_div(r.pixels, r.tile);
  r.clusters = mm_min(q.bundles, mm_ceil_div(8, r.tiles));
  r.together = mm_ceil_div(q.bundles, r.clusters);
  r.clusters = mm_ceil_div(q.bundles, r.together);
  r.parts = mm_min(mm_ceil_div(8, r.tiles * r.clusters), mm_ceil_div(panels, r.kernels->max_panels));
  r.part = mm_ceil_div(panels, r.parts);
  r.part = mm_ceil_div(r.part, r.kernels->max_panels) * r.kernels->max_panels;
  r.parts = mm_ceil_div(panels, r.part);
  mm_parallel(r.tiles * r.parts * r.clusters, indirect_task, &r);
}
