// Gradient of the weights: for each tap, dw[oc][c] = sum over output pixels of dy[pixel][oc] * x[pixel under the
// tap][c]. Tasks pack the pixels of a chunk (some rows of some images) into groups and panels once and run the packed
// product for every tap over them; a tap is an offset into the packed x.
#include "conv_internal.h"

#include <string.h>

enum {
  CHUNK = 256,         // output pixels a chunk, about
  PIECE = 256,         // output columns a piece of a row
  BLOCK = 256,         // channels a block on either side
  MAX_PARTIAL = 4 << 20  // bytes of partial sums beyond which blocks are made smaller instead of pixels being split
};

// Rows [y0, y1) of output pixels of one image, columns [x0, x1), and the inputs that they read:
// rows row0 + i * row_step for i < in_rows, columns from col0 on, in_columns of them.
typedef struct {
  int image, y0, y1, x0, x1;
  int row0, in_rows, col0, in_columns;
  size_t pixel, in_pixel;  // where it starts in the packed dy and x
} part;

typedef struct {
  const mm_conv_shape *s;
  const mm_kernels *kernels;
  const float *x, *dy;
  float *dw;
  int merged;  // a row of the kernel is one tap of kw * c lanes, on zero-padded copies of rows
  int taps, lanes;              // lanes: of a bundle's x side
  int bundle, bundles;          // groups a bundle, bundles
  int oc, c;                    // a bundle's channels
  int ob, cb, o_blocks, c_blocks;
  int row_step, col_step;       // of the packed x
  int pieces, rows_a_part, parts_an_image, parts, parts_a_chunk;
  int splits;                   // of the pixels, each into a partial sum of its own
  size_t tile;                  // floats of a block's sums, [taps][ob][cb padded]
  size_t part_in_pixels;        // at most, of one part
  float *partial;
} wgrad;

static int floor_div(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

static part part_at(const wgrad *g, int index) {
  const mm_conv_shape *s = g->s;
  part p = {.image = index / g->parts_an_image};
  const int within = index % g->parts_an_image, piece = within % g->pieces;
  p.y0 = within / g->pieces * g->rows_a_part;
  p.y1 = mm_min(s->oh, p.y0 + g->rows_a_part);
  const int width = mm_ceil_div(s->ow, g->pieces);
  p.x0 = mm_min(s->ow, piece * width);
  p.x1 = mm_min(s->ow, p.x0 + width);
  // Rows: from the first tap of the first output on, clipped to the image at whole steps.
  p.row0 = p.y0 * s->stride_h - s->pad_h;
  int end = (p.y1 - 1) * s->stride_h - s->pad_h + (s->kh - 1) * s->dil_h;
  if (p.row0 < 0) p.row0 += mm_ceil_div(-p.row0, g->row_step) * g->row_step;
  if (end >= s->h) end = s->h - 1;
  p.in_rows = end < p.row0 ? 0 : (end - p.row0) / g->row_step + 1;
  p.col0 = p.x0 * s->stride_w - s->pad_w;
  if (p.x1 <= p.x0) {
    p.in_rows = p.in_columns = 0;
  } else if (g->merged) {
    p.in_columns = (p.x1 - p.x0 - 1) * s->stride_w + s->kw;
  } else {
    int last = (p.x1 - 1) * s->stride_w - s->pad_w + (s->kw - 1) * s->dil_w;
    if (p.col0 < 0) p.col0 += mm_ceil_div(-p.col0, g->col_step) * g->col_step;
    if (last >= s->w) last = s->w - 1;
    p.in_columns = last < p.col0 ? 0 : (last - p.col0) / g->col_step + 1;
  }
  return p;
}

// A zero-padded copy of columns of a row, for merged taps.
static void copy_row(const mm_conv_shape *s, const float *row, int col0, int columns, float *out) {
  const int left = mm_min(columns, mm_max(0, -col0)), from = col0 + left;
  const int n = mm_max(0, mm_min(columns - left, s->w - from));
  memset(out, 0, (size_t)left * s->c * sizeof(float));
  if (n > 0) memcpy(out + (size_t)left * s->c, row + (size_t)from * s->c, (size_t)n * s->c * sizeof(float));
  memset(out + (size_t)(left + n) * s->c, 0, (size_t)(columns - left - n) * s->c * sizeof(float));
}

static void pack_part(
    const wgrad *g, const part *p, size_t o, int on, size_t c, int cn, float *a, size_t group_stride, float *b,
    size_t panel_stride) {
  const mm_conv_shape *s = g->s;
  const int width = p->x1 - p->x0, mr = g->kernels->mr;
  const float *dy = g->dy + (((size_t)p->image * s->oh + p->y0) * s->ow + p->x0) * s->oc + o;
  if (width == s->ow) {
    g->kernels->pack_groups((p->y1 - p->y0) * width, on, dy, s->oc, a + p->pixel * mr, group_stride);
  } else {
    for (int y = p->y0; y < p->y1; y++, dy += (size_t)s->ow * s->oc)
      g->kernels->pack_groups(
          width, on, dy, s->oc, a + (p->pixel + (size_t)(y - p->y0) * width) * mr, group_stride);
  }
  for (int r = 0; r < p->in_rows; r++) {
    const float *row = g->x + ((size_t)p->image * s->h + p->row0 + r * g->row_step) * s->w * s->c;
    const size_t at = p->in_pixel + (size_t)r * p->in_columns;
    if (g->merged) copy_row(s, row, p->col0, p->in_columns, b + at * s->c);
    else if (p->in_columns > 0)
      g->kernels->pack_panels(
          p->in_columns, cn, row + (size_t)p->col0 * s->c + c, (size_t)g->col_step * s->c, b + at * MM_LANES,
          panel_stride);
  }
}

// The runs of output pixels of a part that tap (ky, kx) reads inside of the image; touching runs become one.
static int add_segments(
    const wgrad *g, const part *p, int ky, int kx, const float *a, const float *b, mm_segment *segment, int n) {
  const mm_conv_shape *s = g->s;
  const int mr = g->kernels->mr, width = p->x1 - p->x0;
  const int shift = g->merged ? p->col0 + s->pad_w : kx * s->dil_w;
  int x0 = p->x0, x1 = p->x1;
  if (!g->merged) {
    const int room = s->w - 1 + s->pad_w - shift;
    x0 = mm_max(x0, -floor_div(shift - s->pad_w, s->stride_w));
    x1 = mm_min(x1, floor_div(room, s->stride_w) + 1);
  }
  if (x0 >= x1) return n;
  const size_t pixel_floats = g->merged ? (size_t)s->c : MM_LANES;
  const size_t step = g->merged ? (size_t)s->stride_w : (size_t)(s->stride_w / g->col_step);
  for (int y = p->y0; y < p->y1; y++) {
    const int iy = y * s->stride_h - s->pad_h + ky * s->dil_h;
    if (iy < 0 || iy >= s->h) continue;
    const int column = g->merged ? x0 * s->stride_w - s->pad_w - p->col0
                                 : (x0 * s->stride_w - s->pad_w + shift - p->col0) / g->col_step;
    const size_t at = p->in_pixel + (size_t)((iy - p->row0) / g->row_step) * p->in_columns + column;
    const mm_segment next = {
      a + (p->pixel + (size_t)(y - p->y0) * width + (x0 - p->x0)) * mr, b + at * pixel_floats, x1 - x0};
    mm_segment *last = segment + n - 1;
    if (n > 0 && last->a + (size_t)last->length * mr == next.a &&
        last->b + (size_t)last->length * step * pixel_floats == next.b)
      last->length += next.length;
    else segment[n++] = next;
  }
  return n;
}

// Sums of one block over one split of the pixels.
static void sum_block(const wgrad *g, int bundle, int ob, int cb, int split, float *sums) {
  const mm_conv_shape *s = g->s;
  const int mr = g->kernels->mr, kx_taps = g->merged ? 1 : s->kw;
  const int on = mm_min(g->ob, g->oc - ob * g->ob), cn = mm_min(g->cb, g->lanes - cb * g->cb);
  const size_t o = (size_t)bundle * g->oc + (size_t)ob * g->ob, c = (size_t)bundle * g->c + (size_t)cb * g->cb;
  const size_t pixels = (size_t)g->parts_a_chunk * g->rows_a_part * mm_ceil_div(s->ow, g->pieces);
  const size_t in_pixels = g->parts_a_chunk * g->part_in_pixels;
  const size_t group_stride = pixels * mr;
  const size_t panel_stride = g->merged ? MM_LANES : in_pixels * MM_LANES;
  const size_t a_floats = mm_ceil_div(on, mr) * group_stride;
  const size_t b_floats =
      (g->merged ? in_pixels * s->c + 2 * mm_padded(cn) : mm_ceil_div(cn, MM_LANES) * panel_stride) + MM_LANES;
  float *a = mm_scratch(MM_SLOT_TASK, (a_floats + MM_LANES + b_floats) * sizeof(float));
  float *b = a + (a_floats + MM_LANES - 1) / MM_LANES * MM_LANES;
  const size_t max_segments = (size_t)g->parts_a_chunk * g->rows_a_part;
  char *block = mm_scratch(MM_SLOT_TASK_2, max_segments * sizeof(mm_segment) + g->parts_a_chunk * sizeof(part));
  mm_segment *segment = (mm_segment *)block;
  part *parts = (part *)(block + max_segments * sizeof(mm_segment));
  if (g->merged) memset(b + in_pixels * s->c, 0, 2 * mm_padded(cn) * sizeof(float));

  const int first = (int)((long)g->parts * split / g->splits), last = (int)((long)g->parts * (split + 1) / g->splits);
  int started = 0;
  for (int i = first; i < last; i += g->parts_a_chunk) {
    const int count = mm_min(g->parts_a_chunk, last - i);
    size_t pixel = 0, in_pixel = 0;
    for (int j = 0; j < count; j++) {
      parts[j] = part_at(g, i + j);
      parts[j].pixel = pixel;
      parts[j].in_pixel = in_pixel;
      pixel += (size_t)(parts[j].y1 - parts[j].y0) * (parts[j].x1 - parts[j].x0);
      in_pixel += (size_t)parts[j].in_rows * parts[j].in_columns;
      pack_part(g, &parts[j], o, on, c, cn, a, group_stride, b, panel_stride);
    }
    for (int t = 0; t < g->taps; t++) {
      mm_product product = {
        .rows = on, .columns = cn, .segment = segment, .group_stride = group_stride, .panel_stride = panel_stride,
        .b_step = g->merged ? (size_t)s->stride_w * s->c : (size_t)(s->stride_w / g->col_step) * MM_LANES,
        .out = sums + (size_t)t * g->ob * mm_padded(g->cb), .out_stride = mm_padded(g->cb), .accumulate = started};
      for (int j = 0; j < count; j++)
        product.segments = add_segments(g, &parts[j], t / kx_taps, t % kx_taps, a, b, segment, product.segments);
      if (product.segments > 0 || !started) g->kernels->product(&product);
    }
    started = 1;
  }
  if (!started) memset(sums, 0, g->tile * sizeof(float));
}

// Adds the partial sums in order and puts them where they belong; of a bundle's block only its diagonal is wanted.
static void store_block(const wgrad *g, int bundle, int ob, int cb, float *sums, size_t split_stride) {
  const mm_conv_shape *s = g->s;
  const int on = mm_min(g->ob, g->oc - ob * g->ob), cn = mm_min(g->cb, g->lanes - cb * g->cb);
  const int oc_group = s->oc / s->groups, c_group = s->c / s->groups, kernel = s->kh * s->kw;
  const size_t pitch = mm_padded(g->cb);
  for (int i = 0; i < on; i++) {
    const int o = ob * g->ob + i, group = o / oc_group;
    float *d = g->dw + ((size_t)bundle * g->oc + o) * c_group * kernel;
    int c0 = 0, c1 = cn;
    if (!g->merged) {
      c0 = mm_max(0, group * c_group - cb * g->cb);
      c1 = mm_min(cn, (group + 1) * c_group - cb * g->cb);
    }
    if (c0 >= c1) continue;
    if (g->splits > 1) {
      for (int t = 0; t < g->taps; t++) {
        float *row = sums + ((size_t)t * g->ob + i) * pitch;
        for (int k = 1; k < g->splits; k++)
          for (int j = c0; j < c1; j++) row[j] += row[k * split_stride + j];
      }
    }
    const float *row = sums + (size_t)i * pitch;
    const size_t tap_stride = g->ob * pitch;
    if (g->merged) {
      for (int j = c0; j < c1; j++)
        for (int t = 0; t < g->taps; t++)
          d[(size_t)(j % s->c) * kernel + t * s->kw + j / s->c] = row[t * tap_stride + j];
    } else {
      d += ((ptrdiff_t)cb * g->cb - (ptrdiff_t)group * c_group) * kernel;
      if (kernel == 1) memcpy(d + c0, row + c0, (size_t)(c1 - c0) * sizeof(float));
      else
        for (int j = c0; j < c1; j++)
          for (int t = 0; t < kernel; t++) d[(ptrdiff_t)j * kernel + t] = row[t * tap_stride + j];
    }
  }
}

static void sum_task(void *context, int task, int worker) {
  (void)worker;
  const wgrad *g = context;
  const int split = task % g->splits, block = task / g->splits;
  const int cb = block % g->c_blocks, ob = block / g->c_blocks % g->o_blocks;
  const int bundle = block / g->c_blocks / g->o_blocks;
  if (g->splits > 1) {
    sum_block(g, bundle, ob, cb, split, g->partial + task * g->tile);
    return;
  }
  float *sums = mm_scratch(MM_SLOT_COPY, g->tile * sizeof(float));
  sum_block(g, bundle, ob, cb, 0, sums);
  store_block(g, bundle, ob, cb, sums, 0);
}

static void store_task(void *context, int block, int worker) {
  (void)worker;
  const wgrad *g = context;
  const int cb = block % g->c_blocks, ob = block / g->c_blocks % g->o_blocks;
  const int bundle = block / g->c_blocks / g->o_blocks;
  store_block(g, bundle, ob, cb, g->partial + (size_t)block * g->splits * g->tile, g->tile);
}

// A 1x1 convolution of stride 1 without padding has no image structure: all its pixels are one long row.
static mm_conv_shape flattened(const mm_conv_shape *s) {
  mm_conv_shape f = *s;
  const int plain = s->kh == 1 && s->kw == 1 && s->stride_h == 1 && s->stride_w == 1 && s->pad_h == 0 &&
      s->pad_w == 0 && s->oh == s->h && s->ow == s->w;
  if (plain && (long)s->n * s->h * s->w < 1L << 30) {
    f.w = f.ow = s->n * s->h * s->w;
    f.n = f.h = f.oh = 1;
  }
  return f;
}

void mm_product_backward_weight(const mm_conv_shape *original, const float *x, const float *dy, float *dw) {
  const mm_conv_shape shape = flattened(original), *s = &shape;
  wgrad g = {.s = s, .kernels = mm_kernels_current(), .x = x, .dy = dy, .dw = dw};
  g.merged = s->groups == 1 && s->c <= 8 && s->dil_w == 1 && s->kw > 1;
  g.taps = g.merged ? s->kh : s->kh * s->kw;
  g.bundle = mm_bundle_groups(s->groups, s->oc / s->groups);
  g.bundles = s->groups / g.bundle;
  g.oc = g.bundle * (s->oc / s->groups);
  g.c = g.bundle * (s->c / s->groups);
  g.lanes = g.merged ? s->kw * s->c : g.c;
  g.row_step = s->kh == 1 ? s->stride_h : 1;
  g.col_step = s->kw == 1 && !g.merged ? s->stride_w : 1;

  // 1. Chunks of pixels.
  g.pieces = mm_ceil_div(s->ow, PIECE);
  const int width = mm_ceil_div(s->ow, g.pieces);
  g.rows_a_part = mm_max(1, mm_min(s->oh, CHUNK / width));
  g.rows_a_part = mm_ceil_div(s->oh, mm_ceil_div(s->oh, g.rows_a_part));
  g.parts_an_image = mm_ceil_div(s->oh, g.rows_a_part) * g.pieces;
  g.parts = s->n * g.parts_an_image;
  g.parts_a_chunk = mm_max(1, CHUNK / (g.rows_a_part * width));
  const int rows = ((g.rows_a_part - 1) * s->stride_h + (s->kh - 1) * s->dil_h) / g.row_step + 1;
  const int columns = ((width - 1) * s->stride_w + (s->kw - 1) * s->dil_w) / g.col_step + 1;
  g.part_in_pixels =
      (size_t)mm_min(rows, s->h) * (g.merged ? columns : mm_min(columns, s->w));

  // 2. Blocks of channels: at least 8 tasks, by splitting the pixels if the sums are small, else the blocks.
  g.ob = mm_min(g.oc, BLOCK);
  g.cb = g.merged ? g.lanes : mm_min(g.lanes, BLOCK);
  for (;;) {
    g.o_blocks = mm_ceil_div(g.oc, g.ob);
    g.c_blocks = mm_ceil_div(g.lanes, g.cb);
    g.tile = (size_t)g.taps * g.ob * mm_padded(g.cb);
    const int blocks = g.bundles * g.o_blocks * g.c_blocks, chunks = mm_ceil_div(g.parts, g.parts_a_chunk);
    g.splits = mm_max(1, mm_min(mm_ceil_div(8, blocks), chunks));
    if (g.splits == 1 || (size_t)blocks * g.splits * g.tile * sizeof(float) <= MAX_PARTIAL) break;
    if (g.ob >= g.cb && g.ob > 64) g.ob = mm_max(64, g.ob / 2);
    else if (g.cb > 64) g.cb = mm_max(64, g.cb / 2 / MM_LANES * MM_LANES);
    else break;
  }
  const int blocks = g.bundles * g.o_blocks * g.c_blocks;
  if (g.splits > 1) g.partial = mm_scratch(MM_SLOT_SHARED, (size_t)blocks * g.splits * g.tile * sizeof(float));
  mm_parallel(blocks * g.splits, sum_task, &g);
  if (g.splits > 1) mm_parallel(blocks, store_task, &g);
}
