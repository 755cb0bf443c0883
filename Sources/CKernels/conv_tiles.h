// Walks a block or a product micro-tile by micro-tile. Included by each instruction set's file after it has made
// `block_table[rows][panels]` and `product_table[rows][panels]`.

// Rows are dealt out evenly, so that no group is much smaller than the others.
static void run_block(const mm_block *b) {
  if (b->narrow) {
    run_narrow(b);
    return;
  }
  const int groups = (b->rows + MAX_ROWS - 1) / MAX_ROWS;
  const int panels = (b->columns + MM_LANES - 1) / MM_LANES;
  const int wide = (panels + MAX_PANELS - 1) / MAX_PANELS;
  for (int q = 0, p = 0; q < wide; q++) {
    const int np = (panels - p + wide - q - 1) / (wide - q);
    for (int g = 0, r = 0; g < groups; g++) {
      const int nr = (b->rows - r + groups - g - 1) / (groups - g);
      block_table[nr][np](b, r, p);
      r += nr;
    }
    p += np;
  }
}

static void run_product(const mm_product *g) {
  const int panels = (g->columns + MM_LANES - 1) / MM_LANES;
  const int wide = (panels + MAX_PANELS - 1) / MAX_PANELS;
  for (int q = 0, p = 0; q < wide; q++) {
    const int np = (panels - p + wide - q - 1) / (wide - q);
    for (int r = 0; r < g->rows; r += MAX_ROWS) {
      const int nr = g->rows - r < MAX_ROWS ? g->rows - r : MAX_ROWS;
      product_table[nr][np](g, r, p);
    }
    p += np;
  }
}

// Pixels in blocks, so that the lines of a row are still in the first-level cache for its next group.
enum { PACK_BLOCK = 16 };

static void pack_groups(int pixels, int channels, const float *x, size_t pitch, float *out, size_t group_stride) {
  for (int first = 0; first < pixels; first += PACK_BLOCK) {
    const int count = pixels - first < PACK_BLOCK ? pixels - first : PACK_BLOCK;
    for (int c = 0, g = 0; c < channels; c += MAX_ROWS, g++) {
      const int n = channels - c < MAX_ROWS ? channels - c : MAX_ROWS;
      float *o = out + (size_t)g * group_stride + (size_t)first * MAX_ROWS;
      const float *s = x + (size_t)first * pitch + c;
      for (int i = 0; i < count; i++, s += pitch, o += MAX_ROWS) {
        if (n == MAX_ROWS) __builtin_memcpy(o, s, sizeof(float) * MAX_ROWS);
        else
          for (int j = 0; j < n; j++) o[j] = s[j];
      }
    }
  }
}

static void pack_panels(int pixels, int channels, const float *x, size_t pitch, float *out, size_t panel_stride) {
  for (int first = 0; first < pixels; first += PACK_BLOCK) {
    const int count = pixels - first < PACK_BLOCK ? pixels - first : PACK_BLOCK;
    for (int c = 0, p = 0; c < channels; c += MM_LANES, p++) {
      const int n = channels - c;
      float *o = out + (size_t)p * panel_stride + (size_t)first * MM_LANES;
      const float *s = x + (size_t)first * pitch + c;
      for (int i = 0; i < count; i++, s += pitch, o += MM_LANES)
        UNROLL for (int v = 0; v < VP; v++) store(o + v * VL, load_part(s + v * VL, n - v * VL));
    }
  }
}

static void column_sums(int rows, int columns, const float *x, size_t pitch, float *sum) {
  for (int c = 0; c < columns; c += VL) {
    V a = load_part(sum + c, columns - c);
    for (int r = 0; r < rows; r++) a += load_part(x + (size_t)r * pitch + c, columns - c);
    store_part(sum + c, a, columns - c);
  }
}
