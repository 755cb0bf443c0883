// Micro-kernels of the convolution and of the packed product: MR rows times PANELS panels of 16 columns, all of it in
// registers. Included by each instruction set's file after conv_simd.h, with MAX_ROWS and MAX_PANELS defined.

enum { VP = MM_LANES / VL };  // vectors a panel

#define UNROLL _Pragma("clang loop unroll(full)")

// Rows r... of a block, columns from panel p on.
INLINE void micro(const mm_block *b, int r, int p, const int rows, const int panels) {
  const int nv = panels * VP;
  V acc[MAX_ROWS][MAX_PANELS * VP];
  const int column = p * MM_LANES, left = b->columns - column;
  const int whole = left >= panels * MM_LANES;
  const size_t at = b->out_offset + (size_t)column;

  // 1. Where the sum stands: the bias, or what earlier blocks left in the output.
  if (b->first) {
    UNROLL for (int v = 0; v < nv; v++) {
      V start = b->bias ? load_part(b->bias + column + v * VL, left - v * VL) : splat(0.0f);
      UNROLL for (int i = 0; i < rows; i++) acc[i][v] = start;
    }
  } else if (whole) {
    UNROLL for (int i = 0; i < rows; i++) {
      const float *c = b->out[r + i] + at;
      UNROLL for (int v = 0; v < nv; v++) acc[i][v] = load(c + v * VL);
    }
  } else {
    UNROLL for (int i = 0; i < rows; i++) {
      const float *c = b->out[r + i] + at;
      UNROLL for (int v = 0; v < nv; v++) acc[i][v] = load_part(c + v * VL, left - v * VL);
    }
  }

  // 2. The sum.
  const float *w = b->panels + (size_t)p * b->panel_stride;
  const size_t ps = b->panel_stride;
  const long k = b->k;
  for (int t = 0; t < b->taps; t++) {
    const float *const *row = b->a + (size_t)t * (size_t)b->a_stride + r;
    const float *a[MAX_ROWS];
    UNROLL for (int i = 0; i < rows; i++) a[i] = row[i] + b->k_offset;
    const float *w1 = w;
    _Pragma("clang loop unroll_count(2)") for (long j = 0; j < k; j++) {
      V wv[MAX_PANELS * VP];
      UNROLL for (int v = 0; v < nv; v++) wv[v] = load(w1 + (size_t)(v / VP) * ps + (v % VP) * VL);
      UNROLL for (int i = 0; i < rows; i++) {
        V x = splat(a[i][j]);
        UNROLL for (int v = 0; v < nv; v++) acc[i][v] += x * wv[v];
      }
      w1 += MM_LANES;
    }
    w += k * MM_LANES;
  }

  // 3. Residual, activation, store.
  if (b->last && b->residual) {
    UNROLL for (int i = 0; i < rows; i++) {
      const float *c = b->residual + (b->out[r + i] + at - b->out_base);
      UNROLL for (int v = 0; v < nv; v++) acc[i][v] += load_part(c + v * VL, left - v * VL);
    }
  }
  if (b->last && b->act != MM_ACT_NONE) {
    if (b->act == MM_ACT_RELU) {
      UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < nv; v++) acc[i][v] = at_least(acc[i][v], 0.0f);
    } else if (b->act == MM_ACT_RELU6) {
      UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int v = 0; v < nv; v++) acc[i][v] = at_most(at_least(acc[i][v], 0.0f), 6.0f);
    } else {
      // Through memory: the long activations must not be unrolled for every register.
      V t[MAX_ROWS * MAX_PANELS * VP];
      UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < nv; v++) t[i * nv + v] = acc[i][v];
      activate_all(t, rows * nv, b->act, b->act_param);
      UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < nv; v++) acc[i][v] = t[i * nv + v];
    }
  }
  UNROLL for (int i = 0; i < rows; i++) {
    float *c = b->out[r + i] + at;
    if (whole) {
      UNROLL for (int v = 0; v < nv; v++) store(c + v * VL, acc[i][v]);
    } else {
      UNROLL for (int v = 0; v < nv; v++) store_part(c + v * VL, acc[i][v], left - v * VL);
    }
  }
}

// Element i of every group of `width` lanes, in all of the group's lanes; p points to 16 floats, v picks the vector.
#define SPREAD4(x, i) \
  __builtin_shufflevector(x, x, i, i, i, i, 4 + i, 4 + i, 4 + i, 4 + i GROUPS4(i))
#define SPREAD8(x, i) __builtin_shufflevector(x, x, i, i, i, i, i, i, i, i GROUPS8(i))
#if VL == 16
#define GROUPS4(i) , 8 + i, 8 + i, 8 + i, 8 + i, 12 + i, 12 + i, 12 + i, 12 + i
#define GROUPS8(i) , 8 + i, 8 + i, 8 + i, 8 + i, 8 + i, 8 + i, 8 + i, 8 + i
#else
#define GROUPS4(i)
#endif
INLINE V spread(const float *p, const int v, const int i, const int width) {
#if VL >= 8
  if (width == 4) {
    const V x = load(p + v * VL);
    return i == 0 ? SPREAD4(x, 0) : i == 1 ? SPREAD4(x, 1) : i == 2 ? SPREAD4(x, 2) : SPREAD4(x, 3);
  }
#endif
#if VL == 16
  const V x = load(p);
  switch (i) {
    case 0: return SPREAD8(x, 0);
    case 1: return SPREAD8(x, 1);
    case 2: return SPREAD8(x, 2);
    case 3: return SPREAD8(x, 3);
    case 4: return SPREAD8(x, 4);
    case 5: return SPREAD8(x, 5);
    case 6: return SPREAD8(x, 6);
    default: return SPREAD8(x, 7);
  }
#else
  return splat(p[v * VL / width * width + i]);
#endif
}

// Rows of a block of narrow groups.
INLINE void micro_narrow(const mm_block *b, int r, const int rows, const int width) {
  V acc[8][VP];
  UNROLL for (int v = 0; v < VP; v++) {
    const V start = b->first && b->bias ? load(b->bias + v * VL) : splat(0.0f);
    UNROLL for (int i = 0; i < rows; i++) acc[i][v] = b->first ? start : load(b->out[r + i] + b->out_offset + v * VL);
  }
  const float *w = b->panels;
  for (int t = 0; t < b->taps; t++, w += width * MM_LANES) {
    const float *const *row = b->a + (size_t)t * (size_t)b->a_stride + r;
    UNROLL for (int v = 0; v < VP; v++) {
      UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int k = 0; k < width; k++)
          acc[i][v] += spread(row[i] + b->k_offset, v, k, width) * load(w + k * MM_LANES + v * VL);
    }
  }
  UNROLL for (int i = 0; i < rows; i++) {
    float *c = b->out[r + i] + b->out_offset;
    if (b->last && b->residual)
      UNROLL for (int v = 0; v < VP; v++) acc[i][v] += load(b->residual + (c - b->out_base) + v * VL);
    if (b->last && b->act == MM_ACT_RELU) {
      UNROLL for (int v = 0; v < VP; v++) acc[i][v] = at_least(acc[i][v], 0.0f);
    } else if (b->last && b->act != MM_ACT_NONE) {
      V t[VP];
      UNROLL for (int v = 0; v < VP; v++) t[v] = acc[i][v];
      activate_all(t, VP, b->act, b->act_param);
      UNROLL for (int v = 0; v < VP; v++) acc[i][v] = t[v];
    }
    UNROLL for (int v = 0; v < VP; v++) store(c + v * VL, acc[i][v]);
  }
}

static void run_narrow(const mm_block *b) {
  enum { ROWS = VP == 1 ? 8 : 4 };
  int r = 0;
  if (b->k == 4) {
    for (; r + ROWS <= b->rows; r += ROWS) micro_narrow(b, r, ROWS, 4);
    for (; r < b->rows; r++) micro_narrow(b, r, 1, 4);
  } else {
    for (; r + ROWS <= b->rows; r += ROWS) micro_narrow(b, r, ROWS, 8);
    for (; r < b->rows; r++) micro_narrow(b, r, 1, 8);
  }
}

// One group of packed rows: `rows` of them are stored.
INLINE void micro_product(const mm_product *g, int r, int p, const int rows, const int panels) {
  const int nv = panels * VP;
  V acc[MAX_ROWS][MAX_PANELS * VP];
  const int column = p * MM_LANES, left = g->columns - column;
  const int whole = left >= panels * MM_LANES;
  UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < nv; v++) acc[i][v] = splat(0.0f);
  const size_t ps = g->panel_stride, step = g->b_step;
  const size_t a0 = (size_t)(r / MAX_ROWS) * g->group_stride, b0 = (size_t)p * ps;
  for (int s = 0; s < g->segments; s++) {
    const float *a = g->segment[s].a + a0, *b = g->segment[s].b + b0;
    _Pragma("clang loop unroll_count(2)") for (long j = g->segment[s].length; j > 0; j--) {
      V bv[MAX_PANELS * VP];
      UNROLL for (int v = 0; v < nv; v++) bv[v] = load(b + (size_t)(v / VP) * ps + (v % VP) * VL);
      UNROLL for (int i = 0; i < rows; i++) {
        V x = splat(a[i]);
        UNROLL for (int v = 0; v < nv; v++) acc[i][v] += x * bv[v];
      }
      a += MAX_ROWS;
      b += step;
    }
  }
  UNROLL for (int i = 0; i < rows; i++) {
    float *c = g->out + (size_t)(r + i) * g->out_stride + column;
    if (whole) {
      UNROLL for (int v = 0; v < nv; v++) {
        V sum = acc[i][v];
        if (g->accumulate) sum += load(c + v * VL);
        store(c + v * VL, sum);
      }
    } else {
      UNROLL for (int v = 0; v < nv; v++) {
        V sum = acc[i][v];
        if (g->accumulate) sum += load_part(c + v * VL, left - v * VL);
        store_part(c + v * VL, sum, left - v * VL);
      }
    }
  }
}

// A function for every number of rows and panels.
typedef void (*block_fn)(const mm_block *, int, int);
typedef void (*product_fn)(const mm_product *, int, int);
#define MICRO(R, P) \
  static void block_##R##x##P(const mm_block *b, int r, int p) { micro(b, r, p, R, P); } \
  static void product_##R##x##P(const mm_product *g, int r, int p) { micro_product(g, r, p, R, P); }
