// The transforms of Winograd's F(2x2, 3x3) and F(4x4, 3x3) (Lavin and Gray 2015, https://arxiv.org/abs/1509.09308),
// vectors along the channels. Included by each instruction set's file after conv_simd.h.

// B^T d for one column of 4 or 6 values, `s` apart in d and o.
INLINE void input_column(const int m, const V *d, const int s, V *o) {
  if (m == 2) {
    o[0] = d[0] - d[2 * s];
    o[s] = d[s] + d[2 * s];
    o[2 * s] = d[2 * s] - d[s];
    o[3 * s] = d[s] - d[3 * s];
  } else {
    const V even = d[4 * s] - d[2 * s] * 4.0f, odd = d[3 * s] - d[s] * 4.0f;
    const V low = d[4 * s] - d[2 * s], twice = (d[3 * s] - d[s]) * 2.0f;
    o[0] = d[0] * 4.0f - d[2 * s] * 5.0f + d[4 * s];
    o[5 * s] = d[s] * 4.0f - d[3 * s] * 5.0f + d[5 * s];
    o[s] = even + odd;
    o[2 * s] = even - odd;
    o[3 * s] = low + twice;
    o[4 * s] = low - twice;
  }
}

// A^T d for one column: m values out.
INLINE void output_column(const int m, const V *d, const int s, V *o) {
  const V sum = d[s] + d[2 * s], difference = d[s] - d[2 * s];
  if (m == 2) {
    o[0] = d[0] + sum;
    o[s] = difference - d[3 * s];
  } else {
    const V sum2 = d[3 * s] + d[4 * s], difference2 = d[3 * s] - d[4 * s];
    o[0] = d[0] + sum + sum2;
    o[s] = difference + difference2 * 2.0f;
    o[2 * s] = sum + sum2 * 4.0f;
    o[3 * s] = difference + difference2 * 8.0f + d[5 * s];
  }
}

INLINE void input_vector(const int m, const float *const *x, int c, int n, float *tile, size_t stride) {
  const int a = m + 2;
  V d[36], e[36];
  UNROLL for (int j = 0; j < a; j++) {
    UNROLL for (int i = 0; i < a; i++) d[i * a + j] = load_part(x[i * a + j] + c, n);
    input_column(m, d + j, a, e + j);
  }
  UNROLL for (int i = 0; i < a; i++) {
    V o[6];
    input_column(m, e + i * a, 1, o);
    UNROLL for (int j = 0; j < a; j++) store(tile + (size_t)(i * a + j) * stride + c, o[j]);
  }
}

INLINE void input_tile(const mm_wino *w, const int m) {
  const int a = m + 2;
  const float *x[36];
  for (int i = 0; i < a; i++) {
    const int y = w->top + i;
    for (int j = 0; j < a; j++) {
      const int left = w->left + j;
      const int inside = (unsigned)y < (unsigned)w->h && (unsigned)left < (unsigned)w->w;
      x[i * a + j] = inside ? w->x + ((size_t)y * w->w + left) * w->c : w->zero;
    }
  }
  int c = 0;
  for (; c + VL <= w->c; c += VL) input_vector(m, x, c, VL, w->tile, w->stride);
  if (c < w->c) input_vector(m, x, c, w->c - c, w->tile, w->stride);
}

static void wino_input(const mm_wino *w) {
  if (w->m == 2) input_tile(w, 2);
  else input_tile(w, 4);
}

INLINE void output_vector(const mm_wino *w, const int m, int c, int n, int rows, int columns) {
  const int a = m + 2;
  V e[24], o[16];
  UNROLL for (int j = 0; j < a; j++) {
    V d[6], t[4];
    UNROLL for (int i = 0; i < a; i++) d[i] = load(w->tile + (size_t)(i * a + j) * w->stride + c);
    output_column(m, d, 1, t);
    UNROLL for (int i = 0; i < m; i++) e[i * a + j] = t[i];
  }
  const V start = w->bias ? load_part(w->bias + c, n) : splat(0.0f);
  UNROLL for (int i = 0; i < m; i++) {
    output_column(m, e + i * a, 1, o + i * m);
    UNROLL for (int j = 0; j < m; j++) o[i * m + j] += start;
  }
  const size_t at = ((size_t)w->top * w->w + w->left) * w->c + c;
  if (w->residual) {
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < columns; j++)
        o[i * m + j] += load_part(w->residual + at + ((size_t)i * w->w + j) * w->c, n);
  }
  if (w->act == MM_ACT_RELU) {
    UNROLL for (int i = 0; i < m * m; i++) o[i] = at_least(o[i], 0.0f);
  } else if (w->act != MM_ACT_NONE) {
    activate_all(o, m * m, w->act, w->act_param);
  }
  if (rows == m && columns == m) {
    UNROLL for (int i = 0; i < m; i++)
      UNROLL for (int j = 0; j < m; j++) store_part(w->y + at + ((size_t)i * w->w + j) * w->c, o[i * m + j], n);
  } else {
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < columns; j++) store_part(w->y + at + ((size_t)i * w->w + j) * w->c, o[i * m + j], n);
  }
}

INLINE void output_tile(const mm_wino *w, const int m) {
  const int rows = w->h - w->top < m ? w->h - w->top : m, columns = w->w - w->left < m ? w->w - w->left : m;
  int c = 0;
  for (; c + VL <= w->c; c += VL) output_vector(w, m, c, VL, rows, columns);
  if (c < w->c) output_vector(w, m, c, w->c - c, rows, columns);
}

static void wino_output(const mm_wino *w) {
  if (w->m == 2) output_tile(w, 2);
  else output_tile(w, 4);
}

// G g for one column of 3 values.
INLINE void kernel_column(const int m, V g0, V g1, V g2, V *o) {
  if (m == 2) {
    const V outer = (g0 + g2) * 0.5f, middle = g1 * 0.5f;
    o[0] = g0;
    o[1] = outer + middle;
    o[2] = outer - middle;
    o[3] = g2;
  } else {
    const V outer = (g0 + g2) * (-1.0f / 6), middle = g1 * (1.0f / 6);
    const V far = g0 * (1.0f / 24) + g2 * (1.0f / 6), half = g1 * (1.0f / 12);
    o[0] = g0 * 0.25f;
    o[1] = outer - middle;
    o[2] = outer + middle;
    o[3] = far + half;
    o[4] = far - half;
    o[5] = g2;
  }
}

INLINE void kernel_vectors(const int m, const float g[9][MM_LANES], float *out, size_t point_stride) {
  const int a = m + 2;
  UNROLL for (int v = 0; v < VP; v++) {
    V half[3][6], o[6];
    UNROLL for (int j = 0; j < 3; j++)
      kernel_column(m, load(g[j] + v * VL), load(g[3 + j] + v * VL), load(g[6 + j] + v * VL), half[j]);
    UNROLL for (int i = 0; i < a; i++) {
      kernel_column(m, half[0][i], half[1][i], half[2][i], o);
      UNROLL for (int j = 0; j < a; j++) store(out + (size_t)(i * a + j) * point_stride + v * VL, o[j]);
    }
  }
}

static void wino_weights(int m, const float g[9][MM_LANES], float *out, size_t point_stride) {
  if (m == 2) kernel_vectors(2, g, out, point_stride);
  else kernel_vectors(4, g, out, point_stride);
}
