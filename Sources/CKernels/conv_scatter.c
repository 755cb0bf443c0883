// The gradient of the input as a product and a sum: every pixel of dy times all weights gives the kernel's whole
// window, which is added to dx. It saves the work that conv_direct.c does for taps outside of dy and for the empty
// lanes of narrow inputs; a kernel of the image's size is a fully connected layer this way.
#include "conv_internal.h"
#include "math_inline.h"

#include <string.h>

// The same weights as a 1x1 convolution from kh * kw * c channels: [oc, kh * kw * c].
static mm_conv_shape product_shape(const mm_conv_shape *s) {
  mm_conv_shape p = *s;
  p.c = s->kh * s->kw * s->c;
  p.kh = p.kw = p.stride_h = p.stride_w = p.dil_h = p.dil_w = 1;
  p.pad_h = p.pad_w = 0;
  p.h = p.oh;
  p.w = p.ow;
  return p;
}

size_t mm_scatter_packed_floats(const mm_conv_shape *s) {
  const mm_conv_shape p = product_shape(s);
  return mm_direct_packed_floats(&p, 1);
}

void mm_scatter_pack(const mm_conv_shape *s, const float *weight, const float *scale, float *packed) {
  const mm_conv_shape p = product_shape(s);
  const int taps = s->kh * s->kw;
  float *turned = mm_scratch(MM_SLOT_COPY, (size_t)s->oc * p.c * sizeof(float));
  for (int o = 0; o < s->oc; o++)
    for (int c = 0; c < s->c; c++) {
      const float factor = scale ? scale[c] : 1.0f;
      const float *from = weight + ((size_t)o * s->c + c) * taps;
      float *to = turned + (size_t)o * p.c + c;
      for (int t = 0; t < taps; t++) to[(size_t)t * s->c] = from[t] * factor;
    }
  mm_direct_pack(&p, 1, turned, NULL, packed);
}

// Whether windows of different output rows share input rows.
static int rows_overlap(const mm_conv_shape *s) { return (s->kh - 1) * s->dil_h + 1 > s->stride_h && s->oh > 1; }

// A task owns whole images where windows overlap: few images would leave threads idle.
int mm_scatter_pays(const mm_conv_shape *s) {
  if (s->groups != 1 || s->kh * s->kw == 1) return 0;
  if (rows_overlap(s) && s->n < 8) return 0;
  const double direct = (double)s->n * s->h * s->w * s->kh * s->kw / (s->stride_h * s->stride_w) * s->oc * mm_padded(s->c);
  const double windows = (double)s->n * s->oh * s->ow;
  const double width = (double)s->kh * s->kw * s->c;
  // An addition to memory costs about as much as 16 products in registers.
  return direct > 1.25 * windows * (s->oc * (double)mm_padded((int)width) + 16 * width);
}

typedef struct {
  const mm_conv_shape *s;
  const mm_kernels *kernels;
  const float *dy, *packed, *bias;
  mm_activation act;
  float act_param;
  float *dx;
  int width;                 // kh * kw * c
  int parts, rows_per_part;  // of an image
} scatter;

enum { PIXELS = 48 };  // of dy a product

// Adds the windows of `count` pixels of dy, from pixel `first` of the image on, to the image's dx.
MM_CLONES static void add_windows(const mm_conv_shape *s, int first, int count, const float *windows, float *dx) {
  const long c = s->c, row = (long)s->kw * c;
  for (int p = 0; p < count; p++, windows += s->kh * row) {
    const int y0 = (first + p) / s->ow * s->stride_h - s->pad_h, x0 = (first + p) % s->ow * s->stride_w - s->pad_w;
    for (int ky = 0; ky < s->kh; ky++) {
      const int y = y0 + ky * s->dil_h;
      if ((unsigned)y >= (unsigned)s->h) continue;
      float *line = dx + (long)y * s->w * c;
      const float *from = windows + ky * row;
      if (s->dil_w == 1) {
        const int left = x0 < 0 ? -x0 : 0, right = x0 + s->kw > s->w ? s->w - x0 : s->kw;
        float *to = line + (x0 + left) * c;
        const long n = (right - left) * c;
        from += left * c;
        for (long i = 0; i < n; i++) to[i] += from[i];
      } else {
        for (int kx = 0; kx < s->kw; kx++, from += c) {
          const int x = x0 + kx * s->dil_w;
          if ((unsigned)x >= (unsigned)s->w) continue;
          float *to = line + x * c;
          for (long i = 0; i < c; i++) to[i] += from[i];
        }
      }
    }
  }
}

// The product of `count` pixels with all weights, the sum in blocks of k.
static void product(const scatter *g, const float *dy, int count, float *const *out) {
  const mm_conv_shape *s = g->s;
  const float *a[PIXELS];
  for (int i = 0; i < count; i++) a[i] = dy + (size_t)i * s->oc;
  mm_block b = {
    .rows = count, .taps = 1, .columns = g->width, .a = a, .a_stride = PIXELS, .panel_stride = (size_t)s->oc * MM_LANES,
    .out = out, .out_base = out[0]};
  const int blocks = mm_ceil_div(s->oc, MM_K_BLOCK), step = (mm_ceil_div(s->oc, blocks) + 7) / 8 * 8;
  for (int k = 0; k < s->oc; k += step) {
    b.k = mm_min(step, s->oc - k);
    b.k_offset = (size_t)k;
    b.panels = g->packed + (size_t)k * MM_LANES;
    b.first = k == 0;
    b.last = k + b.k == s->oc;
    g->kernels->block(&b);
  }
}

static void scatter_task(void *context, int task, int worker) {
  (void)worker;
  const scatter *g = context;
  const mm_conv_shape *s = g->s;
  const int image = task / g->parts, part = task % g->parts;
  const int first = part * g->rows_per_part, last = mm_min(s->oh, first + g->rows_per_part);
  float *dx = g->dx + (size_t)image * s->h * s->w * s->c;
  const float *dy = g->dy + (size_t)image * s->oh * s->ow * s->oc;
  // The input rows of this part: up to the next part's first window.
  const int top = part == 0 ? 0 : mm_min(s->h, mm_max(0, first * s->stride_h - s->pad_h));
  const int bottom = part == g->parts - 1 ? s->h : mm_min(s->h, mm_max(0, last * s->stride_h - s->pad_h));
  const size_t from = (size_t)top * s->w * s->c, floats = (size_t)(bottom - top) * s->w * s->c;
  memset(dx + from, 0, floats * sizeof(float));
  float *windows = mm_scratch(MM_SLOT_TASK, (size_t)PIXELS * g->width * sizeof(float)), *out[PIXELS];
  for (int i = 0; i < PIXELS; i++) out[i] = windows + (size_t)i * g->width;
  for (int p = first * s->ow; p < last * s->ow; p += PIXELS) {
    const int count = mm_min(PIXELS, last * s->ow - p);
    product(g, dy + (size_t)p * s->oc, count, out);
    add_windows(s, p, count, windows, dx);
  }
  if (!g->bias && g->act == MM_ACT_NONE) return;
  for (size_t at = from; at < from + floats; at += (size_t)s->c) {
    const mm_gather pixel = {
      .channels = s->c, .bias = g->bias, .residual = dx + at, .act = g->act, .act_param = g->act_param, .out = dx + at};
    g->kernels->depthwise_gather(&pixel);
  }
}

void mm_scatter_backward_data(
    const mm_conv_shape *s, const float *dy, const float *packed, const float *bias, mm_activation act, float act_param,
    float *dx) {
  scatter g = {
    .s = s, .kernels = mm_kernels_current(), .dy = dy, .packed = packed, .bias = bias, .act = act,
    .act_param = act_param, .dx = dx, .width = s->kh * s->kw * s->c, .parts = 1};
  if (!rows_overlap(s)) g.parts = mm_min(s->oh, mm_ceil_div(8, s->n));
  g.rows_per_part = mm_ceil_div(s->oh, g.parts);
  g.parts = mm_ceil_div(s->oh, g.rows_per_part);
  mm_parallel(s->n * g.parts, scatter_task, &g);
}
