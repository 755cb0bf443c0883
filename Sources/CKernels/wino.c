// Convolution by Winograd's F(m x m, 3 x 3): transform tiles of the input, multiply point by point (a matrix product over
// the channels for each of the (m+2)^2 points), transform back. A task either does all three steps for some tiles
// (small weights, many tiles), or the steps run one after the other over many tiles, so that weights are read once.
#include "conv_internal.h"

#include <string.h>

// Bytes that a task's tiles may take when it does all the steps, of weights that it reads again for each block of
// tiles, and of all tiles when the steps are phases.
#define MM_WINO_LOCAL_BYTES ((size_t)600 << 10)
#define MM_WINO_LOCAL_WEIGHTS ((size_t)3 << 20)
#define MM_WINO_PHASED_BYTES ((size_t)24 << 20)

// What is convolved, forward or turned round for the gradient: an input [n, h, w, c] gives [n, oh, ow, oc].
typedef struct {
  int n, h, w, c, oh, ow, oc, pad_h, pad_w;
} view;

static view view_of(const mm_conv_shape *s, int gradient) {
  if (!gradient) return (view){s->n, s->h, s->w, s->c, s->oh, s->ow, s->oc, s->pad_h, s->pad_w};
  return (view){s->n, s->oh, s->ow, s->oc, s->h, s->w, s->c, 2 - s->pad_h, 2 - s->pad_w};
}

size_t mm_wino_packed_floats(const mm_conv_shape *s, int m, int gradient) {
  const view v = view_of(s, gradient);
  return (size_t)(m + 2) * (m + 2) * mm_padded(v.oc) * v.c;
}

typedef struct {
  const mm_conv_shape *s;
  int m, gradient;
  const float *weight, *scale;
  float *packed;
  const mm_kernels *kernels;
} packing;

// One panel of 16 outputs: U = G g G^T for every input channel, stored [point][panel][channel][16].
static void pack_task(void *context, int panel, int worker) {
  (void)worker;
  const packing *p = context;
  const view v = view_of(p->s, p->gradient);
  const int lanes = mm_min(MM_LANES, v.oc - panel * MM_LANES);
  const size_t point_stride = mm_padded(v.oc) * v.c;
  float *out = p->packed + (size_t)panel * v.c * MM_LANES;
  float g[9][MM_LANES];
  memset(g, 0, sizeof g);
  for (int c = 0; c < v.c; c++) {
    for (int l = 0; l < lanes; l++) {
      const int o = panel * MM_LANES + l;
      const float scale = p->scale ? p->scale[o] : 1.0f;
      const float *w = p->weight + (p->gradient ? (size_t)c * v.oc + o : (size_t)o * v.c + c) * 9;
      for (int k = 0; k < 9; k++) g[k][l] = w[p->gradient ? 8 - k : k] * scale;
    }
    p->kernels->wino_weights(p->m, g, out + (size_t)c * MM_LANES, point_stride);
  }
}

void mm_wino_pack(
    const mm_conv_shape *s, int m, int gradient, const float *weight, const float *scale, float *packed) {
  packing p = {s, m, gradient, weight, scale, packed, mm_kernels_current()};
  mm_parallel(mm_ceil_div(gradient ? s->c : s->oc, MM_LANES), pack_task, &p);
}

typedef struct {
  view v;
  const mm_kernels *kernels;
  int m, tiles_h, tiles_w, tiles;
  int first, count, block;  // tiles at hand; tiles a block of the buffers holds
  const float *in, *packed, *bias, *residual, *zero;
  mm_activation act;
  float act_param, *out;
  float *transformed, *product;  // [point][block][padded channels], of the phases
  int parts;                     // of the columns, in the phase of the products
  int row_tile;
} wino;

static mm_wino place(const wino *w, int tile) {
  const int per_image = w->tiles_h * w->tiles_w, image = tile / per_image, within = tile % per_image;
  return (mm_wino){
    .m = w->m, .top = within / w->tiles_w * w->m, .left = within % w->tiles_w * w->m, .zero = w->zero,
    .x = w->in + (size_t)image * w->v.h * w->v.w * w->v.c,
    .y = w->out + (size_t)image * w->v.oh * w->v.ow * w->v.oc,
    .residual = w->residual ? w->residual + (size_t)image * w->v.oh * w->v.ow * w->v.oc : NULL,
    .bias = w->bias, .act = w->act, .act_param = w->act_param};
}

static void transform_in(const wino *w, int tile, int slot, float *transformed) {
  mm_wino t = place(w, tile);
  const size_t pitch = mm_padded(w->v.c);
  t.h = w->v.h, t.w = w->v.w, t.c = w->v.c;
  t.top -= w->v.pad_h;
  t.left -= w->v.pad_w;
  t.tile = transformed + slot * pitch;
  t.stride = w->block * pitch;
  w->kernels->wino_input(&t);
}

static void transform_out(const wino *w, int tile, int slot, float *product) {
  mm_wino t = place(w, tile);
  const size_t pitch = mm_padded(w->v.oc);
  t.h = w->v.oh, t.w = w->v.ow, t.c = w->v.oc;
  t.tile = product + slot * pitch;
  t.stride = w->block * pitch;
  w->kernels->wino_output(&t);
}

// The product of one point: `count` tiles times columns [panel, panel + panels) of 16.
static void multiply(
    const wino *w, int point, int count, int panel, int panels, const float *transformed, float *product) {
  enum { ROWS = 96 };
  const float *a[ROWS];
  float *out[ROWS];
  const view *v = &w->v;
  const size_t pitch = mm_padded(v->c), out_pitch = mm_padded(v->oc);
  const int blocks = mm_ceil_div(v->c, MM_K_BLOCK), step = (mm_ceil_div(v->c, blocks) + 7) / 8 * 8;
  const int tiles = mm_ceil_div(count, ROWS), rows = mm_ceil_div(count, tiles);
  for (int r = 0; r < count; r += rows) {
    const int n = mm_min(rows, count - r);
    for (int i = 0; i < n; i++) {
      a[i] = transformed + ((size_t)point * w->block + r + i) * pitch;
      out[i] = product + ((size_t)point * w->block + r + i) * out_pitch;
    }
    for (int k = 0; k < v->c; k += step) {
      const mm_block b = {
        .rows = n, .taps = 1, .k = mm_min(step, v->c - k), .columns = panels * MM_LANES, .a = a, .a_stride = ROWS,
        .k_offset = (size_t)k, .panel_stride = (size_t)v->c * MM_LANES,
        .panels = w->packed + ((size_t)point * out_pitch + (size_t)panel * MM_LANES) * v->c + (size_t)k * MM_LANES,
        .out = out, .out_offset = (size_t)panel * MM_LANES, .out_base = product, .first = k == 0,
        .last = k + step >= v->c, .act = MM_ACT_NONE};
      w->kernels->block(&b);
    }
  }
}

static size_t points(const wino *w) { return (size_t)(w->m + 2) * (w->m + 2); }

// All three steps for a block of tiles.
static void local_task(void *context, int task, int worker) {
  (void)worker;
  const wino *w = context;
  const int first = task * w->block, n = mm_min(w->block, w->tiles - first);
  const size_t in = points(w) * w->block * mm_padded(w->v.c), out = points(w) * w->block * mm_padded(w->v.oc);
  float *transformed = mm_scratch(MM_SLOT_TASK, (in + out) * sizeof(float)), *product = transformed + in;
  for (int i = 0; i < n; i++) transform_in(w, first + i, i, transformed);
  for (int p = 0; p < (int)points(w); p++)
    multiply(w, p, n, 0, mm_ceil_div(w->v.oc, MM_LANES), transformed, product);
  for (int i = 0; i < n; i++) transform_out(w, first + i, i, product);
}

enum { TILES_A_TASK = 4 };

static void in_task(void *context, int task, int worker) {
  (void)worker;
  const wino *w = context;
  const int last = mm_min(w->count, (task + 1) * TILES_A_TASK);
  for (int i = task * TILES_A_TASK; i < last; i++) transform_in(w, w->first + i, i, w->transformed);
}

static void multiply_task(void *context, int task, int worker) {
  (void)worker;
  const wino *w = context;
  const int panels = mm_ceil_div(w->v.oc, MM_LANES), part = mm_ceil_div(panels, w->parts);
  const int panel = task % w->parts * part;
  if (panel < panels)
    multiply(w, task / w->parts, w->count, panel, mm_min(part, panels - panel), w->transformed, w->product);
}

static void out_task(void *context, int task, int worker) {
  (void)worker;
  const wino *w = context;
  const int last = mm_min(w->count, (task + 1) * TILES_A_TASK);
  for (int i = task * TILES_A_TASK; i < last; i++) transform_out(w, w->first + i, i, w->product);
}

void mm_wino_run(
    const mm_conv_shape *s, int m, int gradient, const float *in, const float *packed, const float *bias,
    const float *residual, mm_activation act, float act_param, float *out) {
  wino w = {
    .v = view_of(s, gradient), .kernels = mm_kernels_current(), .m = m, .in = in, .packed = packed, .bias = bias,
    .residual = residual, .act = act, .act_param = act_param, .out = out};
  w.tiles_h = mm_ceil_div(w.v.oh, m);
  w.tiles_w = mm_ceil_div(w.v.ow, m);
  w.tiles = w.v.n * w.tiles_h * w.tiles_w;
  float *zero = mm_scratch(MM_SLOT_SHARED, (size_t)w.v.c * sizeof(float));
  memset(zero, 0, (size_t)w.v.c * sizeof(float));
  w.zero = zero;

  // Floats of both buffers a tile, and the budget of a task: most of the second-level cache.
  const size_t tile = points(&w) * (mm_padded(w.v.c) + mm_padded(w.v.oc));
  const size_t weights = points(&w) * mm_padded(w.v.oc) * w.v.c * sizeof(float);
  const int local = (int)(MM_WINO_LOCAL_BYTES / (tile * sizeof(float))) / 8 * 8;
  if (local >= 16 && weights <= MM_WINO_LOCAL_WEIGHTS && w.tiles >= 8 * local) {
    w.block = mm_ceil_div(w.tiles, mm_ceil_div(w.tiles, local));
    mm_parallel(mm_ceil_div(w.tiles, w.block), local_task, &w);
    return;
  }
  const size_t room = MM_WINO_PHASED_BYTES / (tile * sizeof(float));
  const int most = room < 16 ? 16 : room > 4096 ? 4096 : (int)room;
  w.block = mm_ceil_div(w.tiles, mm_ceil_div(w.tiles, most));
  w.transformed = mm_scratch(MM_SLOT_COPY, w.block * tile * sizeof(float));
  w.product = w.transformed + points(&w) * w.block * mm_padded(w.v.c);
  w.parts = mm_max(1, mm_min(mm_ceil_div(w.v.oc, MM_LANES) / 4, 2));
  for (w.first = 0; w.first < w.tiles; w.first += w.block) {
    w.count = mm_min(w.block, w.tiles - w.first);
    mm_parallel(mm_ceil_div(w.count, TILES_A_TASK), in_task, &w);
    mm_parallel((int)points(&w) * w.parts, multiply_task, &w);
    mm_parallel(mm_ceil_div(w.count, TILES_A_TASK), out_task, &w);
  }
}
