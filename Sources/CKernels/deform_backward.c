// The gradients. A task takes a block of input channels through all pixels in their order, so that no two tasks write to
// one place; what the blocks find for offsets and mask is added up at the end.
#include "deform_taps.h"
#include "include/mm_gemm.h"
#include "include/mm_pool.h"
#include "math_flat.h"

#include <cblas.h>
#include <stdlib.h>

enum { LANES = 32, CHUNK = 384 };  // channels a block, and pixels a matrix product

struct backward_loop {
  const mm_deform_conv *s;
  long blocks, blocks_per_group, groups_per_block;
  const float *x, *offset, *mask, *weight, *dy;
  float *dx, *dweight;
  float *partial;  // [blocks][pixels][deform_groups * kh * kw][3]: down, right, mask
};

// A block: `groups` convolution groups from `group` on, of each of which it has `width` channels from `first` on.
struct channel_block {
  long group, groups, first, width, low, high;  // low..<high are its channels
};

static struct channel_block block_at(const struct backward_loop *loop, long index) {
  const mm_deform_conv *s = loop->s;
  const long each = s->c / s->groups;
  struct channel_block b;
  if (loop->blocks_per_group > 1 || each >= LANES) {
    b.group = index / loop->blocks_per_group;
    b.groups = 1;
    b.first = index % loop->blocks_per_group * LANES;
    b.width = mm_min_long(LANES, each - b.first);
  } else {
    b.group = index * loop->groups_per_block;
    b.groups = mm_min_long(loop->groups_per_block, s->groups - b.group);
    b.first = 0;
    b.width = each;
  }
  b.low = b.group * each + b.first;
  b.high = b.low + (b.groups - 1) * each + b.width;
  return b;
}

// out[t] = the product of from[t] and g, n floats each.
MM_CLONES static void products(int count, const float *const *from, const float *g, long n, float *out) {
  for (int t = 0; t < count; t++) {
    mm_v16 lanes = {};
    long i = 0;
    for (; i + 16 <= n; i += 16) lanes += MM_LOAD16(from[t] + i) * MM_LOAD16(g + i);
    float sum = 0;
    MM_SUM16(sum, lanes);
    for (; i < n; i++) sum += from[t][i] * g[i];
    out[t] += sum;
  }
}

MM_CLONES static void add_scaled(int count, float *const *to, const float *weight, const float *g, long n) {
  for (int t = 0; t < count; t++) {
    const float a = weight[t];
    float *row = to[t];
    MM_LOOP for (long i = 0; i < n; i++) row[i] += a * g[i];
  }
}

// One point of the kernel at one pixel: channels low..<high of one deformable group. `dcol` and `col` hold them in
// stretches of b->width, `pitch` floats apart.
static void point(const struct backward_loop *loop, const struct channel_block *b, const mm_deform_taps *t, float scale,
                  const float *image, float *image_gradient, long low, long high, const float *dcol, float *col,
                  long pitch, float *sums) {
  const float *from[4];
  float *to[4], weight[4], dots[4] = {0, 0, 0, 0};
  const long c = loop->s->c, each = c / loop->s->groups;
  for (int i = 0; i < t->count; i++) weight[i] = t->weight[i] * scale;
  for (long at = low; at < high;) {
    const long group = at / each - b->group, end = mm_min_long(high, (at / each) * each + b->first + b->width);
    const long place = group * pitch + at % each - b->first, n = end - at;
    for (int i = 0; i < t->count; i++) {
      from[i] = image + t->place[i] * c + at;
      if (image_gradient) to[i] = image_gradient + t->place[i] * c + at;
    }
    if (col) mm_deform_mix(t->count, from, weight, n, col + place);
    if (sums) products(t->count, from, dcol + place, n, dots);
    if (image_gradient) add_scaled(t->count, to, weight, dcol + place, n);
    at = end;
  }
  if (!sums) return;
  for (int i = 0; i < t->count; i++) {
    sums[0] += scale * t->along_h[i] * dots[i];
    sums[1] += scale * t->along_w[i] * dots[i];
    sums[2] += t->weight[i] * dots[i];
  }
}

static void pixels_of_block(const struct backward_loop *loop, const struct channel_block *b, long index, long image,
                            long first, long pixels, const float *dcol, float *col) {
  const mm_deform_conv *s = loop->s;
  const long taps = s->kh * s->kw, channels = s->c / s->deform_groups, pitch = pixels * taps * b->width;
  const float *x = loop->x + image * s->h * s->w * s->c;
  float *dx = loop->dx ? loop->dx + image * s->h * s->w * s->c : NULL;
  mm_deform_taps t;
  for (long p = 0; p < pixels; p++) {
    const long pixel = first + p, at = image * s->oh * s->ow + pixel;
    for (long g = b->low / channels; g * channels < b->high; g++) {
      const long low = mm_max_long(b->low, g * channels), high = mm_min_long(b->high, (g + 1) * channels);
      for (long k = 0; k < taps; k++) {
        mm_deform_taps_at(
            s, loop->offset + at * s->deform_groups * taps * 2, pixel / s->ow, pixel % s->ow, g, k, &t);
        const long moved = (at * s->deform_groups + g) * taps + k, place = (p * taps + k) * b->width;
        float *sums =
            loop->partial ? loop->partial + (index * s->n * s->oh * s->ow * s->deform_groups * taps + moved) * 3 : NULL;
        point(loop, b, &t, loop->mask ? loop->mask[moved] : 1, x, dx, low, high, dcol ? dcol + place : NULL,
              col ? col + place : NULL, pitch, sums);
      }
    }
  }
}

// Weights [oc / groups][kh * kw][width] of each of the block's groups, from or to those of the whole layer.
static void move_weights(const struct backward_loop *loop, const struct channel_block *b, const float *from, float *packed,
                         float *to) {
  const mm_deform_conv *s = loop->s;
  const long each = s->c / s->groups, rows = s->oc / s->groups * s->kh * s->kw;
  for (long g = 0; g < b->groups; g++)
    for (long r = 0; r < rows; r++) {
      const long whole = ((b->group + g) * rows + r) * each + b->first;
      float *own = packed + (g * rows + r) * b->width;
      if (from) memcpy(own, from + whole, (size_t)b->width * sizeof *own);
      else memcpy(to + whole, own, (size_t)b->width * sizeof *own);
    }
}

static void block_task(void *context, int task, int worker) {
  (void)worker;
  const struct backward_loop *loop = context;
  const mm_deform_conv *s = loop->s;
  const struct channel_block b = block_at(loop, task);
  const long taps = s->kh * s->kw, out = s->oh * s->ow, outputs = s->oc / s->groups, each = taps * b.width;
  const int wants_columns = loop->dx || loop->partial;
  const long weights = outputs * each * b.groups, column = CHUNK * each * b.groups;
  float *memory = mm_scratch(0, (size_t)(2 * weights + 2 * column) * sizeof(float));
  float *packed = memory, *dpacked = memory + weights, *dcol = dpacked + weights, *col = dcol + column;
  if (wants_columns) move_weights(loop, &b, loop->weight, packed, NULL);
  if (loop->dweight) memset(dpacked, 0, (size_t)weights * sizeof(float));
  if (loop->dx)
    for (long i = 0; i < s->n * s->h * s->w; i++)
      memset(loop->dx + i * s->c + b.low, 0, (size_t)(b.high - b.low) * sizeof(float));
  for (long image = 0; image < s->n; image++)
    for (long first = 0; first < out; first += CHUNK) {
      const long pixels = mm_min_long(CHUNK, out - first);
      const float *dy = loop->dy + (image * out + first) * s->oc + b.group * outputs;
      if (wants_columns)
        for (long g = 0; g < b.groups; g++)
          cblas_sgemm(
              CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)pixels, (int)each, (int)outputs, 1, dy + g * outputs,
              (int)s->oc, packed + g * outputs * each, (int)each, 0, dcol + g * pixels * each, (int)each);
      pixels_of_block(
          loop, &b, task, image, first, pixels, wants_columns ? dcol : NULL, loop->dweight ? col : NULL);
      if (loop->dweight)
        for (long g = 0; g < b.groups; g++)
          cblas_sgemm(
              CblasRowMajor, CblasTrans, CblasNoTrans, (int)outputs, (int)each, (int)pixels, 1, dy + g * outputs,
              (int)s->oc, col + g * pixels * each, (int)each, 1, dpacked + g * outputs * each, (int)each);
    }
  if (loop->dweight) move_weights(loop, &b, NULL, dpacked, loop->dweight);
}

struct sum_loop {
  long blocks, points, per_task;
  const float *partial;
  float *doffset, *dmask;
};

static void sum_task(void *context, int task, int worker) {
  (void)worker;
  const struct sum_loop *loop = context;
  const long first = task * loop->per_task, end = mm_min_long(loop->points, first + loop->per_task);
  for (long p = first; p < end; p++) {
    float sum[3] = {0, 0, 0};
    for (long b = 0; b < loop->blocks; b++)
      for (int i = 0; i < 3; i++) sum[i] += loop->partial[(b * loop->points + p) * 3 + i];
    if (loop->doffset) {
      loop->doffset[2 * p] = sum[0];
      loop->doffset[2 * p + 1] = sum[1];
    }
    if (loop->dmask) loop->dmask[p] = sum[2];
  }
}

void mm_deform_conv_backward(const mm_deform_conv *s, const float *x, const float *offset, const float *mask,
                             const float *weight, const float *dy, float *dx, float *doffset, float *dmask,
                             float *dweight) {
  const long each = s->c / s->groups, points = s->n * s->oh * s->ow * s->deform_groups * s->kh * s->kw;
  if (s->c == 0 || !(dx || doffset || dmask || dweight)) return;
  mm_blas_init();
  struct backward_loop loop = {
    .s = s, .blocks_per_group = mm_div_up(each, LANES), .groups_per_block = mm_max_long(1, LANES / each), .x = x,
    .offset = offset, .mask = mask, .weight = weight, .dy = dy, .dx = dx, .dweight = dweight};
  loop.blocks =
      each >= LANES ? s->groups * loop.blocks_per_group : mm_div_up(s->groups, loop.groups_per_block);
  if (doffset || dmask) {
    loop.partial = mm_temporary((size_t)(loop.blocks * points * 3) * sizeof(float));
    memset(loop.partial, 0, (size_t)(loop.blocks * points * 3) * sizeof(float));
  }
  mm_parallel((int)loop.blocks, block_task, &loop);
  if (!loop.partial) return;
  struct sum_loop sums = {loop.blocks, points, 8192, loop.partial, doffset, dmask};
  mm_parallel((int)mm_div_up(points, sums.per_task), sum_task, &sums);
  free(loop.partial);
}
