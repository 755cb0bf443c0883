// Gradients of attention. Probabilities are made again, a tile of them at a time, from the saved sums of exponentials:
// ds = p (do v^T - sum(do o)), dq = scale ds k, dk = scale ds^T q, dv = p^T do.
//
// A task takes one head of some windows or samples (a chunk), or, where there are few, some of its queries (a split).
// Chunks sum the gradients of a common bias and of padding into partial sums of their own, splits those of keys and
// values; how many there are does not depend on the threads.
#include "attention_internal.h"

#include <string.h>

enum { TILE_FLOATS = 24576, MAX_TILE = 96, MAX_PARTIAL = 32 << 20 };

typedef struct {
  const mm_attention *a;
  const mm_attention_gradient *g;
  const mm_kernels *kernels;
  int tile;
  int splits, part;        // of the queries
  long items, chunks, chunk;  // windows of all samples, and how many there are in a chunk
  int shares_bias;
  float *bias;             // [chunks, heads, queries, keys] if the bias is shared and there are several chunks
  float *pad;              // [chunks, heads, depth + value_depth]
  float *sums;             // [items, heads, splits, keys, depth + value_depth] if there are several splits
} backward;

// What one task works with: panels of one head, and room for tiles.
typedef struct {
  const float **rows;
  float *zeros, *unused;
  float *keys, *values, *plain_keys;  // k^T (scaled) and v^T for scores, k (scaled) for dq
  float *to_keys, *to_values;         // [keys, depth], [keys, value_depth]
  float *scores, *d, *groups, *queries, *gradients;
} room;

static size_t put(size_t *total, size_t floats) {
  const size_t at = *total;
  *total += (floats + 15) / 16 * 16;
  return at;
}

static room make_room(const backward *f) {
  const mm_attention *a = f->a;
  const size_t n = (size_t)a->keys, d = (size_t)a->depth, e = (size_t)a->value_depth, tile = (size_t)f->tile;
  const size_t padded = mm_padded(a->keys), mr = (size_t)f->kernels->mr, widest = d > e ? d : e;
  size_t total = 0;
  const size_t zeros = put(&total, widest), unused = put(&total, widest), keys = put(&total, padded * d);
  const size_t values = put(&total, padded * e), plain = put(&total, mm_padded(a->depth) * n);
  const size_t to_keys = put(&total, n * d), to_values = put(&total, n * e);
  const size_t scores = put(&total, tile * padded), gradient = put(&total, tile * padded);
  const size_t groups = put(&total, (n + mr) * tile), queries = put(&total, tile * mm_padded(a->depth));
  const size_t gradients = put(&total, tile * mm_padded(a->value_depth));
  float *base = mm_scratch(MM_SLOT_TASK, total * sizeof *base);
  memset(base + zeros, 0, widest * sizeof *base);
  return (room){
    .rows = mm_scratch(MM_SLOT_TAPS, sizeof(float *) * n), .zeros = base + zeros, .unused = base + unused,
    .keys = base + keys, .values = base + values, .plain_keys = base + plain, .to_keys = base + to_keys,
    .to_values = base + to_values, .scores = base + scores, .d = base + gradient, .groups = base + groups,
    .queries = base + queries, .gradients = base + gradients};
}

// sums [keys, columns] (+)= tile^T panels, tile being [count, keys].
static void add_transposed(
    const backward *f, const room *m, int count, const float *tile, const float *panels, int columns, float *sums,
    int accumulate) {
  const int n = f->a->keys, mr = f->kernels->mr;
  const size_t stride = (size_t)count * (size_t)mr;
  f->kernels->pack_groups(count, n, tile, mm_padded(n), m->groups, stride);
  const mm_segment segment = {.a = m->groups, .b = panels, .length = count};
  const mm_product p = {
    .rows = n, .columns = columns, .segments = 1, .segment = &segment, .group_stride = stride, .b_step = MM_LANES,
    .panel_stride = (size_t)count * MM_LANES, .out = sums, .out_stride = (size_t)columns, .accumulate = accumulate};
  f->kernels->product(&p);
}

static void run_head(const backward *f, const room *m, long chunk, long index, int head, int split) {
  const mm_attention *a = f->a;
  const mm_attention_gradient *g = f->g;
  const int n = a->keys, d = a->depth, e = a->value_depth;
  const size_t padded = mm_padded(n);
  const mm_attention_item item = mm_attention_item_at(a, index, head);
  const long row0 = (index * a->heads + head) * a->queries;
  // 1. Panels of keys and values.
  for (int i = 0; i < n; i++) m->rows[i] = mm_attention_row(a->k, &a->k_at, &item, i, a->pad_k, m->zeros);
  mm_rows_to_panels_transposed(n, d, a->scale, m->rows, m->keys, (long)d * MM_LANES);
  mm_rows_to_panels(n, d, m->rows, m->plain_keys, (long)n * MM_LANES);
  for (int i = 0; i < n; i++) m->rows[i] = mm_attention_row(a->v, &a->v_at, &item, i, a->pad_v, m->zeros);
  mm_rows_to_panels_transposed(n, e, 1, m->rows, m->values, (long)e * MM_LANES);
  // 2. Tiles of queries.
  float *bias = NULL;
  int bias_adds = 0;
  if (g->dbias && f->shares_bias) {
    const long at = f->bias ? chunk * a->heads + head : head;
    bias = (f->bias ? f->bias : g->dbias) + at * a->queries * n;
    bias_adds = index != chunk * f->chunk;
  } else if (g->dbias) {
    bias = g->dbias + (index * a->heads + head) * a->queries * n;
  }
  const int start = split * f->part, end = mm_min(a->queries, start + f->part);
  for (int first = start; first < end; first += f->tile) {
    const int count = mm_min(f->tile, end - first);
    const float *queries[MAX_TILE], *gradients[MAX_TILE], *weights[MAX_TILE];
    float *scores[MAX_TILE], *row[MAX_TILE], *out[MAX_TILE];
    for (int r = 0; r < count; r++) {
      queries[r] = mm_attention_row(a->q, &a->q_at, &item, first + r, a->pad_q, m->zeros);
      gradients[r] = mm_attention_row(g->d_o, &g->d_o_at, &item, first + r, NULL, m->zeros);
      out[r] = (float *)mm_attention_row(g->dq, &g->dq_at, &item, first + r, NULL, m->unused);
      scores[r] = m->scores + padded * (size_t)r;
      weights[r] = row[r] = m->d + padded * (size_t)r;
    }
    mm_attention_multiply(f->kernels, count, d, n, queries, m->keys, scores);
    mm_attention_multiply(f->kernels, count, e, n, gradients, m->values, row);
    for (int r = 0; r < count; r++) {
      const mm_score_row s = mm_attention_scores(a, &item, first + r);
      const float *o = mm_attention_row(g->o, &a->o_at, &item, first + r, NULL, m->zeros);
      const float dot = mm_row_dot(e, gradients[r], o);
      mm_scores_backward(
          &s, scores[r], row[r], g->log_sum[row0 + first + r], dot,
          bias ? bias + (size_t)(first + r) * (size_t)n : NULL, bias_adds);
    }
    mm_attention_multiply(f->kernels, count, n, d, weights, m->plain_keys, out);
    for (int r = 0; r < count; r++) mm_row_scale(d, a->scale, out[r], out[r], 0);
    mm_rows_to_panels(count, d, queries, m->queries, (long)count * MM_LANES);
    mm_rows_to_panels(count, e, gradients, m->gradients, (long)count * MM_LANES);
    add_transposed(f, m, count, m->d, m->queries, d, m->to_keys, first > start);
    add_transposed(f, m, count, m->scores, m->gradients, e, m->to_values, first > start);
  }
  // 3. Where gradients of keys and values go.
  if (f->sums) {
    float *sums = f->sums + ((index * a->heads + head) * f->splits + split) * n * (d + e);
    memcpy(sums, m->to_keys, sizeof *sums * (size_t)n * (size_t)d);
    memcpy(sums + (size_t)n * (size_t)d, m->to_values, sizeof *sums * (size_t)n * (size_t)e);
    return;
  }
  float *pad = f->pad ? f->pad + (chunk * a->heads + head) * (d + e) : NULL;
  for (int i = 0; i < n; i++) {
    const int is_padding = item.places && item.places[i] < 0;
    if (is_padding && !pad) continue;
    float *k = is_padding ? pad : (float *)mm_attention_row(g->dk, &g->dk_at, &item, i, NULL, NULL);
    float *v = is_padding ? pad + d : (float *)mm_attention_row(g->dv, &g->dv_at, &item, i, NULL, NULL);
    mm_row_scale(d, a->scale, m->to_keys + (size_t)i * (size_t)d, k, is_padding);
    mm_row_scale(e, 1, m->to_values + (size_t)i * (size_t)e, v, is_padding);
  }
}

static void run_task(void *context, int task, int worker) {
  (void)worker;
  const backward *f = context;
  const int split = task % f->splits, head = (int)(task / f->splits % f->a->heads);
  const long chunk = task / f->splits / f->a->heads;
  const room m = make_room(f);
  if (f->pad && split == 0) {
    const size_t width = (size_t)(f->a->depth + f->a->value_depth);
    memset(f->pad + (size_t)(chunk * f->a->heads + head) * width, 0, width * sizeof(float));
  }
  for (long i = chunk * f->chunk; i < (chunk + 1) * f->chunk && i < f->items; i++)
    run_head(f, &m, chunk, i, head, split);
}

// Adds up what the splits of one head found.
static void join_splits(void *context, int task, int worker) {
  (void)worker;
  const backward *f = context;
  const mm_attention *a = f->a;
  const int n = a->keys, d = a->depth, e = a->value_depth;
  const mm_attention_item item = mm_attention_item_at(a, task / a->heads, task % a->heads);
  const size_t size = (size_t)n * (size_t)(d + e);
  const float *sums = f->sums + (size_t)task * (size_t)f->splits * size;
  for (int i = 0; i < n; i++) {
    float *k = (float *)mm_attention_row(f->g->dk, &f->g->dk_at, &item, i, NULL, NULL);
    float *v = (float *)mm_attention_row(f->g->dv, &f->g->dv_at, &item, i, NULL, NULL);
    for (int s = 0; s < f->splits; s++) {
      const float *from = sums + (size_t)s * size;
      mm_row_scale(d, a->scale, from + (size_t)i * (size_t)d, k, s > 0);
      mm_row_scale(e, 1, from + (size_t)n * (size_t)d + (size_t)i * (size_t)e, v, s > 0);
    }
  }
}

// Adds up what the chunks found for one head and some rows of the bias.
enum { BIAS_ROWS = 16 };
static void join_bias(void *context, int task, int worker) {
  (void)worker;
  const backward *f = context;
  const mm_attention *a = f->a;
  const size_t row = (size_t)a->keys, all = (size_t)a->heads * (size_t)a->queries;
  const size_t first = (size_t)task * BIAS_ROWS, left = all - first, count = left < BIAS_ROWS ? left : BIAS_ROWS;
  for (long c = 0; c < f->chunks; c++)
    mm_row_scale((int)(count * row), 1, f->bias + ((size_t)c * all + first) * row, f->g->dbias + first * row, c > 0);
}

static void join_padding(const backward *f) {
  const mm_attention *a = f->a;
  const int d = a->depth, e = a->value_depth;
  for (long h = 0; h < a->heads; h++) {
    for (long c = 0; c < f->chunks; c++) {
      const float *from = f->pad + (c * a->heads + h) * (d + e);
      mm_row_scale(d, 1, from, f->g->dpad_k + h * a->k_at.head, c > 0);
      mm_row_scale(e, 1, from + d, f->g->dpad_v + h * a->v_at.head, c > 0);
    }
  }
}

void mm_attention_backward(const mm_attention *a, const mm_attention_gradient *g) {
  const long items = a->batch * a->windows;
  if (items <= 0 || a->heads <= 0 || a->queries <= 0 || a->keys <= 0) return;
  backward f = {.a = a, .g = g, .kernels = mm_kernels_current(), .items = items};
  f.shares_bias = g->dbias && a->bias_batch == 0;
  const int mr = f.kernels->mr, fit = (int)(TILE_FLOATS / mm_padded(a->keys)) / mr * mr;
  f.tile = mm_max(4 * mr, mm_min(fit, MAX_TILE / mr * mr));
  // 1. Chunks, so that there are at least 16 tasks, but not more partial sums of a bias than memory bears.
  const long wanted = (15 + a->heads) / a->heads;
  f.chunks = items;
  if (f.shares_bias || g->dpad_k) {
    const double size = (double)a->heads * a->queries * a->keys * sizeof(float);
    const long most = f.shares_bias ? (long)(MAX_PARTIAL / size) : wanted;
    f.chunks = wanted < items ? wanted : items;
    if (f.chunks > most) f.chunks = most > 1 ? most : 1;
  } else if (f.chunks > 4 * wanted) {
    f.chunks = 4 * wanted;
  }
  f.chunk = (items + f.chunks - 1) / f.chunks;
  f.chunks = (items + f.chunk - 1) / f.chunk;
  // 2. Splits, where that leaves few tasks. Windows have enough of them.
  const long tasks = f.chunks * a->heads;
  f.splits = tasks >= 8 || a->places ? 1 : mm_ceil_div(8, (int)tasks);
  f.part = mm_ceil_div(mm_ceil_div(a->queries, f.splits), f.tile) * f.tile;
  f.splits = mm_ceil_div(a->queries, f.part);
  // 3. Partial sums.
  const size_t width = (size_t)(a->depth + a->value_depth), heads = (size_t)a->heads;
  const size_t bias = f.shares_bias && f.chunks > 1
    ? (size_t)f.chunks * heads * (size_t)a->queries * (size_t)a->keys : 0;
  const size_t pad = g->dpad_k ? (size_t)f.chunks * heads * width : 0;
  const size_t sums = f.splits > 1 ? (size_t)items * heads * (size_t)f.splits * (size_t)a->keys * width : 0;
  float *shared = mm_scratch(MM_SLOT_SHARED, (bias + pad + sums + 16) * sizeof *shared);
  if (bias) f.bias = shared;
  if (pad) f.pad = shared + bias;
  if (sums) f.sums = shared + bias + pad;
  mm_parallel((int)(tasks * f.splits), run_task, &f);
  if (sums) mm_parallel((int)(items * a->heads), join_splits, &f);
  if (bias) mm_parallel(mm_ceil_div((int)(a->heads * a->queries), BIAS_ROWS), join_bias, &f);
  if (pad) join_padding(&f);
}
