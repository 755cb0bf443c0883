// Depthwise convolution, vectors along the channels. Included by each instruction set's file after conv_simd.h.

// OUTPUTS neighbouring outputs whose columns of taps all lie inside of the image. `x` is the first tap of the first
// row that is inside, `w` its weights; KW and STRIDE are constants in the callers below, so that inputs shared between
// outputs are read once.
INLINE void depthwise_vector(
    const float *x, size_t row_pitch, size_t column_pitch, size_t c, int rows, int kw, int step, int outputs,
    const float *w, size_t padded, const float *bias, const float *residual, mm_activation act, float param, float *y,
    int n) {
  V acc[8];
  V start = bias ? load_part(bias, n) : splat(0.0f);
  UNROLL for (int o = 0; o < outputs; o++) acc[o] = start;
  for (int ky = 0; ky < rows; ky++) {
    const float *xr = x;
    UNROLL for (int kx = 0; kx < kw; kx++) {
      V wv = load(w + (size_t)kx * padded);
      UNROLL for (int o = 0; o < outputs; o++)
        acc[o] += load_part(xr + (size_t)kx * column_pitch + (size_t)(o * step) * c, n) * wv;
    }
    x += row_pitch;
    w += (size_t)kw * padded;
  }
  UNROLL for (int o = 0; o < outputs; o++) {
    V v = acc[o];
    if (residual) v += load_part(residual + (size_t)o * c, n);
    if (act == MM_ACT_RELU6) v = at_most(at_least(v, 0.0f), 6.0f);
    else if (act == MM_ACT_RELU) v = at_least(v, 0.0f);
    acc[o] = v;
  }
  if (act != MM_ACT_NONE && act != MM_ACT_RELU6 && act != MM_ACT_RELU) {
    V t[8];
    UNROLL for (int o = 0; o < outputs; o++) t[o] = acc[o];
    activate_all(t, outputs, act, param);
    UNROLL for (int o = 0; o < outputs; o++) acc[o] = t[o];
  }
  UNROLL for (int o = 0; o < outputs; o++) store_part(y + (size_t)o * c, acc[o], n);
}

typedef struct {
  const float *x;
  size_t row_pitch, column_pitch, c, padded;
  int rows, channels;
  const float *w, *bias, *residual;
  mm_activation act;
  float param;
  float *y;
} depthwise_span;

INLINE void depthwise_channels(const depthwise_span *s, int kw, int step, int outputs) {
  int c = 0;
  for (; c + VL <= s->channels; c += VL)
    depthwise_vector(
        s->x + c, s->row_pitch, s->column_pitch, s->c, s->rows, kw, step, outputs, s->w + c, s->padded,
        s->bias ? s->bias + c : NULL, s->residual ? s->residual + c : NULL, s->act, s->param, s->y + c, VL);
  if (c < s->channels)
    depthwise_vector(
        s->x + c, s->row_pitch, s->column_pitch, s->c, s->rows, kw, step, outputs, s->w + c, s->padded,
        s->bias ? s->bias + c : NULL, s->residual ? s->residual + c : NULL, s->act, s->param, s->y + c,
        s->channels - c);
}

typedef void (*depthwise_fn)(const depthwise_span *);
#define DEPTHWISE(K, S, N) \
  static void depthwise_##K##_##S##_##N(const depthwise_span *s) { depthwise_channels(s, K, S, N); }
#define DEPTHWISES(K, S) DEPTHWISE(K, S, 1) DEPTHWISE(K, S, 2) DEPTHWISE(K, S, 4) DEPTHWISE(K, S, 6)
DEPTHWISES(3, 1)
DEPTHWISES(3, 2)
DEPTHWISES(5, 1)
DEPTHWISES(5, 2)
DEPTHWISES(7, 1)
#define DEPTHWISE_ROW(K, S) \
  { depthwise_##K##_##S##_1, depthwise_##K##_##S##_2, depthwise_##K##_##S##_4, depthwise_##K##_##S##_6 }

// The kernels for runs of 1, 2, 4 and 6 outputs, or null if this width and stride have none.
static const depthwise_fn *depthwise_runs(int kw, int stride) {
  static const depthwise_fn table[5][4] = {
    DEPTHWISE_ROW(3, 1), DEPTHWISE_ROW(3, 2), DEPTHWISE_ROW(5, 1), DEPTHWISE_ROW(5, 2), DEPTHWISE_ROW(7, 1)};
  if (stride == 1) return kw == 3 ? table[0] : kw == 5 ? table[2] : kw == 7 ? table[4] : NULL;
  if (stride == 2) return kw == 3 ? table[1] : kw == 5 ? table[3] : NULL;
  return NULL;
}

static void depthwise_gather(const mm_gather *g) {
  for (int c = 0; c < g->channels; c += VL) {
    const int n = g->channels - c;
    V acc = g->bias ? load_part(g->bias + c, n) : splat(0.0f);
    if (n >= VL) {
      for (int t = 0; t < g->taps; t++) acc += load(g->x[t] + c) * load(g->weight[t] + c);
    } else {
      for (int t = 0; t < g->taps; t++) acc += load_part(g->x[t] + c, n) * load(g->weight[t] + c);
    }
    if (g->residual) acc += load_part(g->residual + c, n);
    if (g->act == MM_ACT_RELU6) acc = at_most(at_least(acc, 0.0f), 6.0f);
    else if (g->act != MM_ACT_NONE) activate_all(&acc, 1, g->act, g->act_param);
    store_part(g->out + c, acc, n);
  }
}

enum { GATHER_TAPS = 64 };

// One output by gathering, for edges, dilations and unusual kernels; many taps go in several rounds.
static void depthwise_pixel(const mm_depthwise *d, int image, int oy, int ox) {
  const mm_conv_shape *s = d->shape;
  const size_t c = (size_t)s->c, padded = (c + MM_LANES - 1) / MM_LANES * MM_LANES;
  const size_t at = (((size_t)image * s->oh + oy) * s->ow + ox) * c;
  const float *x[GATHER_TAPS], *w[GATHER_TAPS];
  mm_gather g = {.channels = s->c, .x = x, .weight = w, .bias = d->bias, .out = d->y + at};
  for (int ky = 0; ky < s->kh; ky++) {
    const int iy = oy * s->stride_h - s->pad_h + ky * s->dil_h;
    if (iy < 0 || iy >= s->h) continue;
    for (int kx = 0; kx < s->kw; kx++) {
      const int ix = ox * s->stride_w - s->pad_w + kx * s->dil_w;
      if (ix < 0 || ix >= s->w) continue;
      if (g.taps == GATHER_TAPS) {
        depthwise_gather(&g);
        g.bias = g.out;
        g.taps = 0;
      }
      x[g.taps] = d->x + (((size_t)image * s->h + iy) * s->w + ix) * c;
      w[g.taps++] = d->weight + ((size_t)ky * s->kw + kx) * padded;
    }
  }
  g.residual = d->residual ? d->residual + at : NULL;
  g.act = d->act;
  g.act_param = d->act_param;
  depthwise_gather(&g);
}

// The outputs [*first, *last) of a row have all their columns inside of the image.
INLINE void inner_columns(const mm_conv_shape *s, int *first, int *last) {
  const int reach = (s->kw - 1) * s->dil_w;
  int f = s->pad_w <= 0 ? 0 : (s->pad_w + s->stride_w - 1) / s->stride_w;
  const int room = s->w - 1 - reach + s->pad_w;
  int l = room < 0 ? 0 : room / s->stride_w + 1;
  if (l > s->ow) l = s->ow;
  if (f > l) f = l;
  *first = f;
  *last = l;
}

INLINE void inner_rows(const mm_conv_shape *s, int oy, int *first, int *last) {
  const int top = oy * s->stride_h - s->pad_h;
  int f = top >= 0 ? 0 : (-top + s->dil_h - 1) / s->dil_h;
  int l = top >= s->h ? 0 : (s->h - 1 - top) / s->dil_h + 1;
  if (l > s->kh) l = s->kh;
  if (f > l) f = l;
  *first = f;
  *last = l;
}

static void depthwise_row(const mm_depthwise *d, int image, int oy) {
  const mm_conv_shape *s = d->shape;
  const depthwise_fn *runs = depthwise_runs(s->kw, s->stride_w);
  int first, last, top, bottom;
  inner_columns(s, &first, &last);
  inner_rows(s, oy, &top, &bottom);
  if (!runs || top == bottom) first = last = 0;
  for (int ox = 0; ox < first; ox++) depthwise_pixel(d, image, oy, ox);
  if (first < last) {
    const size_t c = (size_t)s->c, padded = (c + MM_LANES - 1) / MM_LANES * MM_LANES;
    const int iy = oy * s->stride_h - s->pad_h + top * s->dil_h;
    const float *x = d->x + ((size_t)image * s->h + iy) * s->w * c;
    const size_t out = ((size_t)image * s->oh + oy) * s->ow * c;
    depthwise_span p = {
      .row_pitch = (size_t)s->dil_h * s->w * c, .column_pitch = (size_t)s->dil_w * c, .c = c, .padded = padded,
      .rows = bottom - top, .channels = s->c, .w = d->weight + (size_t)top * s->kw * padded, .bias = d->bias,
      .act = d->act, .param = d->act_param};
    for (int ox = first; ox < last;) {
      const int left = last - ox;
      const int run = left >= 6 && left != 8 ? 3 : left >= 4 ? 2 : left >= 2 ? 1 : 0;
      p.x = x + (size_t)(ox * s->stride_w - s->pad_w) * c;
      p.y = d->y + out + (size_t)ox * c;
      p.residual = d->residual ? d->residual + out + (size_t)ox * c : NULL;
      runs[run](&p);
      ox += run == 3 ? 6 : 1 << run;
    }
  }
  for (int ox = last; ox < s->ow; ox++) depthwise_pixel(d, image, oy, ox);
}

// dw[t] += x * dy for one pixel of dy.
static void depthwise_wgrad_pixel(
    const mm_conv_shape *s, const float *x, const float *dy, int image, int oy, int ox, float *dw) {
  const size_t c = (size_t)s->c, padded = (c + MM_LANES - 1) / MM_LANES * MM_LANES;
  const float *g = dy + (((size_t)image * s->oh + oy) * s->ow + ox) * c;
  for (int ky = 0; ky < s->kh; ky++) {
    const int iy = oy * s->stride_h - s->pad_h + ky * s->dil_h;
    if (iy < 0 || iy >= s->h) continue;
    for (int kx = 0; kx < s->kw; kx++) {
      const int ix = ox * s->stride_w - s->pad_w + kx * s->dil_w;
      if (ix < 0 || ix >= s->w) continue;
      const float *xp = x + (((size_t)image * s->h + iy) * s->w + ix) * c;
      float *d = dw + ((size_t)ky * s->kw + kx) * padded;
      for (int j = 0; j < s->c; j += VL) {
        const int n = s->c - j;
        store(d + j, load(d + j) + load_part(xp + j, n) * load_part(g + j, n));
      }
    }
  }
}

// KH x KW sums in registers, over the inner outputs of a row.
INLINE void depthwise_wgrad_vector(
    const float *x, const float *dy, size_t row_pitch, size_t column_pitch, size_t c, size_t step, int outputs, int kh,
    int kw, float *dw, size_t padded, int n) {
  V acc[9];
  UNROLL for (int t = 0; t < kh * kw; t++) acc[t] = load(dw + (size_t)t * padded);
  for (int o = 0; o < outputs; o++) {
    V g = load_part(dy, n);
    UNROLL for (int ky = 0; ky < kh; ky++)
      UNROLL for (int kx = 0; kx < kw; kx++)
        acc[ky * kw + kx] += load_part(x + (size_t)ky * row_pitch + (size_t)kx * column_pitch, n) * g;
    x += step;
    dy += c;
  }
  UNROLL for (int t = 0; t < kh * kw; t++) store(dw + (size_t)t * padded, acc[t]);
}

#define DEPTHWISE_WGRAD(KH, KW) \
  static void depthwise_wgrad_##KH##_##KW( \
      const float *x, const float *dy, size_t row_pitch, size_t column_pitch, int c, size_t step, int outputs, \
      float *dw, size_t padded) { \
    int j = 0; \
    for (; j + VL <= c; j += VL) \
      depthwise_wgrad_vector( \
          x + j, dy + j, row_pitch, column_pitch, (size_t)c, step, outputs, KH, KW, dw + j, padded, VL); \
    if (j < c) \
      depthwise_wgrad_vector( \
          x + j, dy + j, row_pitch, column_pitch, (size_t)c, step, outputs, KH, KW, dw + j, padded, c - j); \
  }
DEPTHWISE_WGRAD(3, 3)
DEPTHWISE_WGRAD(1, 1)
DEPTHWISE_WGRAD(1, 3)
DEPTHWISE_WGRAD(1, 5)
DEPTHWISE_WGRAD(1, 7)

static void depthwise_wgrad_row(
    const mm_conv_shape *s, const float *x, const float *dy, int image, int oy, float *dw) {
  const size_t c = (size_t)s->c, padded = (c + MM_LANES - 1) / MM_LANES * MM_LANES;
  int first, last, top, bottom;
  inner_columns(s, &first, &last);
  inner_rows(s, oy, &top, &bottom);
  if (top == bottom) return;
  for (int ox = 0; ox < first; ox++) depthwise_wgrad_pixel(s, x, dy, image, oy, ox, dw);
  const size_t row_pitch = (size_t)s->dil_h * s->w * c, column_pitch = (size_t)s->dil_w * c;
  const size_t step = (size_t)s->stride_w * c;
  const float *g = dy + (((size_t)image * s->oh + oy) * s->ow + first) * c;
  const int n = last - first;
  for (int ky = top; n > 0 && ky < bottom;) {
    const int iy = oy * s->stride_h - s->pad_h + ky * s->dil_h;
    const float *xr = x + (((size_t)image * s->h + iy) * s->w + first * s->stride_w - s->pad_w) * c;
    float *d = dw + (size_t)ky * s->kw * padded;
    if (s->kw == 3 && ky + 3 <= bottom) {
      depthwise_wgrad_3_3(xr, g, row_pitch, column_pitch, s->c, step, n, d, padded);
      ky += 3;
      continue;
    }
    switch (s->kw) {
      case 3: depthwise_wgrad_1_3(xr, g, row_pitch, column_pitch, s->c, step, n, d, padded); break;
      case 5: depthwise_wgrad_1_5(xr, g, row_pitch, column_pitch, s->c, step, n, d, padded); break;
      case 7: depthwise_wgrad_1_7(xr, g, row_pitch, column_pitch, s->c, step, n, d, padded); break;
      default:
        for (int kx = 0; kx < s->kw; kx++)
          depthwise_wgrad_1_1(
              xr + (size_t)kx * column_pitch, g, row_pitch, column_pitch, s->c, step, n, d + (size_t)kx * padded,
              padded);
    }
    ky++;
  }
  for (int ox = last; ox < s->ow; ox++) depthwise_wgrad_pixel(s, x, dy, image, oy, ox, dw);
}
