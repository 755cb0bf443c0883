// Direct convolution, forward and gradient of the input: packing, and the shape in the terms of conv_indirect.c.
#include "conv_internal.h"

#include <string.h>

int mm_bundle_groups(int groups, int outputs_per_group) {
  int best = 1;
  for (int b = 2; b <= groups && b * outputs_per_group <= MM_LANES; b++)
    if (groups % b == 0) best = b;
  return best;
}

static int floor_mod(int a, int b) {
  const int m = a % b;
  return m < 0 ? m + b : m;
}

// The taps along one axis that reach input pixels whose distance from the padded edge is `phase` modulo the stride.
static int phase_taps(int kernel, int dilation, int stride, int phase, int *taps) {
  int n = 0;
  for (int t = 0; t < kernel; t++) {
    if (floor_mod(t * dilation, stride) != phase) continue;
    if (taps) taps[n] = t;
    n++;
  }
  return n;
}

typedef struct {
  const mm_conv_shape *s;
  int gradient, bundle, panels;  // groups a bundle, panels a bundle
  int out, in;                   // channels a group: of what is written, of what is read
  int narrow;  // bundles are 4 groups of 4 or 2 of 8, whose panels hold no zeros: [tap][in][16]
  int depth;   // products a tap
  const float *weight, *scale;
  float *packed;
} packing;

// A panel of 16 channels of one group.
static void pack_full_panel(const packing *p, int group, int panel, int taps, const int *tap, float *o) {
  const mm_conv_shape *s = p->s;
  const size_t kernel = (size_t)s->kh * s->kw, row = (size_t)(s->c / s->groups) * kernel;
  const size_t lane_stride = p->gradient ? kernel : row, step = p->gradient ? row : kernel;
  const float *w = p->weight + (size_t)group * (s->oc / s->groups) * row + (size_t)panel * MM_LANES * lane_stride;
  float scale[MM_LANES];
  for (int l = 0; l < MM_LANES; l++)
    scale[l] = p->scale ? p->scale[(size_t)group * p->out + panel * MM_LANES + l] : 1.0f;
  // Channels in blocks of 16, so that the 16 rows read stay in the first-level cache.
  for (int block = 0; block < p->in; block += MM_LANES) {
    const int last = mm_min(p->in, block + MM_LANES);
    for (int t = 0; t < taps; t++) {
      for (int i = block; i < last; i++) {
        const float *from = w + i * step + tap[t];
        float *to = o + ((size_t)t * p->in + i) * MM_LANES;
        for (int l = 0; l < MM_LANES; l++) to[l] = from[l * lane_stride] * scale[l];
      }
    }
  }
}

// Panel layout: [bundle][panel][tap][bundle's input channels][16]. A gradient's panels come phase by phase, each phase
// a convolution of its own: [phase][bundle][panel]...
static void pack_panel(const packing *p, int index, int taps, const int *tap, float *o) {
  const mm_conv_shape *s = p->s;
  const int bundle = index / p->panels, panel = index % p->panels;
  const int kernel = s->kh * s->kw, depth = p->depth, width = p->bundle * p->out;
  const size_t c_per_group = (size_t)s->c / s->groups, oc_per_group = (size_t)s->oc / s->groups;
  if (p->bundle == 1 && width - panel * MM_LANES >= MM_LANES) {
    pack_full_panel(p, bundle, panel, taps, tap, o);
    return;
  }
  memset(o, 0, (size_t)taps * depth * MM_LANES * sizeof(float));
  for (int lane = 0; lane < MM_LANES; lane++) {
    const int column = panel * MM_LANES + lane;
    if (column >= width) break;
    const size_t group = (size_t)bundle * p->bundle + column / p->out;
    const int within = column % p->out, from = p->narrow ? 0 : column / p->out * p->in;
    const float scale = p->scale ? p->scale[group * p->out + within] : 1.0f;
    for (int i = 0; i < p->in; i++) {
      const size_t oc = group * oc_per_group + (size_t)(p->gradient ? i : within);
      const size_t c = (size_t)(p->gradient ? within : i);
      const float *w = p->weight + (oc * c_per_group + c) * kernel;
      float *d = o + (size_t)(from + i) * MM_LANES + lane;
      for (int t = 0; t < taps; t++) d[(size_t)t * depth * MM_LANES] = w[tap[t]] * scale;
    }
  }
}

typedef struct {
  const packing *p;
  int taps;
  const int *tap;
  float *packed;
} pack_job;

static void pack_task(void *context, int task, int worker) {
  (void)worker;
  const pack_job *j = context;
  const size_t size = (size_t)j->taps * j->p->depth * MM_LANES;
  pack_panel(j->p, task, j->taps, j->tap, j->packed + task * size);
}

static packing packing_of(const mm_conv_shape *s, int gradient) {
  packing p = {.s = s, .gradient = gradient, .out = s->oc / s->groups, .in = s->c / s->groups};
  if (gradient) p.out = s->c / s->groups, p.in = s->oc / s->groups;
  p.bundle = mm_bundle_groups(s->groups, p.out);
  p.panels = mm_ceil_div(p.bundle * p.out, MM_LANES);
  p.narrow = p.in == p.out && (p.in == 4 || p.in == 8) && p.bundle * p.out == MM_LANES;
  p.depth = p.narrow ? p.in : p.bundle * p.in;
  return p;
}

size_t mm_direct_packed_floats(const mm_conv_shape *s, int gradient) {
  const packing p = packing_of(s, gradient);
  return (size_t)(s->groups / p.bundle) * p.panels * MM_LANES * s->kh * s->kw * p.depth;
}

void mm_direct_pack(const mm_conv_shape *s, int gradient, const float *weight, const float *scale, float *packed) {
  packing p = packing_of(s, gradient);
  p.weight = weight;
  p.scale = scale;
  const int bundles = s->groups / p.bundle, kernel = s->kh * s->kw;
  int *tap = mm_scratch(MM_SLOT_SHARED, ((size_t)kernel + s->kh + s->kw) * sizeof(int));
  if (!gradient) {
    for (int t = 0; t < kernel; t++) tap[t] = t;
    mm_parallel(bundles * p.panels, pack_task, &(pack_job){&p, kernel, tap, packed});
    return;
  }
  int *ty = tap + kernel, *tx = ty + s->kh;
  for (int py = 0; py < s->stride_h; py++) {
    const int ny = phase_taps(s->kh, s->dil_h, s->stride_h, py, ty);
    for (int px = 0; px < s->stride_w; px++) {
      const int nx = phase_taps(s->kw, s->dil_w, s->stride_w, px, tx);
      const int taps = ny * nx;
      if (taps == 0) continue;
      for (int t = 0; t < taps; t++) tap[t] = ty[t / nx] * s->kw + tx[t % nx];
      mm_parallel(bundles * p.panels, pack_task, &(pack_job){&p, taps, tap, packed});
      packed += (size_t)bundles * p.panels * taps * p.depth * MM_LANES;
    }
  }
}

void mm_direct_forward(
    const mm_conv_shape *s, const float *x, const float *packed, const float *bias, const float *residual,
    mm_activation act, float act_param, float *y) {
  const packing p = packing_of(s, 0);
  const int taps = s->kh * s->kw;
  int *ty = mm_scratch(MM_SLOT_TAPS, 2 * (size_t)taps * sizeof(int)), *tx = ty + taps;
  for (int t = 0; t < taps; t++) {
    ty[t] = t / s->kw * s->dil_h - s->pad_h;
    tx[t] = t % s->kw * s->dil_w - s->pad_w;
  }
  const mm_indirect q = {
    .n = s->n, .in = x, .in_h = s->h, .in_w = s->w, .in_pitch = (size_t)s->c, .step_h = s->stride_h,
    .step_w = s->stride_w, .taps = taps, .tap_y = ty, .tap_x = tx, .k = p.depth, .in_channels = p.bundle * p.in, .narrow = p.narrow, .out = y, .out_h = s->oh,
    .out_w = s->ow, .out_pitch = (size_t)s->oc, .rows = s->oh, .columns = s->ow, .out_step_h = 1, .out_step_w = 1,
    .channels = p.bundle * p.out, .bundles = s->groups / p.bundle, .packed = packed,
    .packed_stride = (size_t)p.panels * MM_LANES * taps * p.depth, .bias = bias, .residual = residual,
    .act = act, .act_param = act_param};
  mm_indirect_run(&q);
}

// For every phase (py, px), the input pixels with (y + pad) mod stride = py are a convolution of dy with stride 1.
void mm_direct_backward_data(
    const mm_conv_shape *s, const float *dy, const float *packed, const float *bias, mm_activation act, float act_param,
    float *dx) {
  const packing p = packing_of(s, 1);
  const int kernel = s->kh * s->kw;
  int *ty = mm_scratch(MM_SLOT_TAPS, (2 * (size_t)kernel + s->kh + s->kw) * sizeof(int));
  int *tx = ty + kernel, *ky = tx + kernel, *kx = ky + s->kh;
  for (int py = 0; py < s->stride_h; py++) {
    const int ny = phase_taps(s->kh, s->dil_h, s->stride_h, py, ky);
    const int y0 = floor_mod(py - s->pad_h, s->stride_h);
    for (int px = 0; px < s->stride_w; px++) {
      const int nx = phase_taps(s->kw, s->dil_w, s->stride_w, px, kx), taps = ny * nx;
      const int x0 = floor_mod(px - s->pad_w, s->stride_w);
      for (int t = 0; t < taps; t++) {
        ty[t] = (y0 + s->pad_h - ky[t / nx] * s->dil_h) / s->stride_h;
        tx[t] = (x0 + s->pad_w - kx[t % nx] * s->dil_w) / s->stride_w;
      }
      const size_t stride = (size_t)p.panels * MM_LANES * taps * p.depth;
      const mm_indirect q = {
        .n = s->n, .in = dy, .in_h = s->oh, .in_w = s->ow, .in_pitch = (size_t)s->oc, .step_h = 1, .step_w = 1,
        .taps = taps, .tap_y = ty, .tap_x = tx, .k = p.depth, .in_channels = p.bundle * p.in, .narrow = p.narrow, .out = dx, .out_h = s->h, .out_w = s->w,
        .out_pitch = (size_t)s->c, .rows = y0 < s->h ? mm_ceil_div(s->h - y0, s->stride_h) : 0,
        .columns = x0 < s->w ? mm_ceil_div(s->w - x0, s->stride_w) : 0, .out_y = y0, .out_x = x0,
        .out_step_h = s->stride_h, .out_step_w = s->stride_w, .channels = p.bundle * p.out,
        .bundles = s->groups / p.bundle, .packed = packed, .packed_stride = stride, .bias = bias, .act = act,
        .act_param = act_param};
      mm_indirect_run(&q);
      packed += stride * q.bundles;
    }
  }
}
