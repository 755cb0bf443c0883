// softmax(scale q k^T + bias) v. A task takes some queries of one head; it puts keys and values into panels once and then
// works on as many rows of scores as fit the cache.
#include "attention_internal.h"

#include <math.h>
#include <string.h>

enum { TILE_FLOATS = 32768, MAX_TILE = 96 };

typedef struct {
  const mm_attention *a;
  const mm_kernels *kernels;
  float *o, *log_sum;
  int part, parts;   // queries a task, tasks a head
  int tile;          // rows of scores at a time
  long together, items;  // heads a task where they are small; heads of all windows
} forward;

mm_attention_item mm_attention_item_at(const mm_attention *a, long batch_and_window, long head) {
  const long window = batch_and_window % a->windows;
  return (mm_attention_item){
    .batch = batch_and_window / a->windows, .window = window, .head = head,
    .places = a->places ? a->places + window * a->queries : NULL,
    .regions = a->regions ? a->regions + window * a->queries : NULL};
}

void mm_attention_multiply(
    const mm_kernels *kernels, int rows, int depth, int columns, const float *const *a, const float *panels,
    float *const *out) {
  const int blocks = mm_ceil_div(depth, MM_K_BLOCK), step = (mm_ceil_div(depth, blocks) + 7) / 8 * 8;
  for (int k = 0; k < depth; k += step) {
    const mm_block b = {
      .rows = rows, .taps = 1, .k = mm_min(step, depth - k), .columns = columns, .a = a, .a_stride = rows,
      .k_offset = (size_t)k, .panels = panels + (size_t)k * MM_LANES, .panel_stride = (size_t)depth * MM_LANES,
      .out = out, .out_base = out[0], .first = k == 0, .last = k + step >= depth, .act = MM_ACT_NONE};
    kernels->block(&b);
  }
}

static void run_head(const forward *f, long item, int part) {
  const mm_attention *a = f->a;
  const int n = a->keys, d = a->depth, e = a->value_depth;
  const size_t padded = mm_padded(n);
  const mm_attention_item m = mm_attention_item_at(a, item / a->heads, item % a->heads);
  // 1. Keys (transposed and scaled) and values in panels.
  const int widest = mm_max(d, e);
  const float **rows = mm_scratch(MM_SLOT_TAPS, sizeof(float *) * (size_t)n + sizeof(float) * 2 * (size_t)widest);
  float *zeros = (float *)(rows + n), *unused = zeros + widest;
  memset(zeros, 0, sizeof(float) * (size_t)widest);
  float *keys = mm_scratch(MM_SLOT_TASK, sizeof(float) * (padded * (size_t)d + mm_padded(e) * (size_t)n));
  float *values = keys + padded * (size_t)d;
  for (int i = 0; i < n; i++) rows[i] = mm_attention_row(a->k, &a->k_at, &m, i, a->pad_k, zeros);
  mm_rows_to_panels_transposed(n, d, a->scale, rows, keys, (long)d * MM_LANES);
  for (int i = 0; i < n; i++) rows[i] = mm_attention_row(a->v, &a->v_at, &m, i, a->pad_v, zeros);
  mm_rows_to_panels(n, e, rows, values, (long)n * MM_LANES);
  // 2. Tiles of queries.
  float *scores = mm_scratch(MM_SLOT_TASK_2, sizeof(float) * padded * (size_t)f->tile);
  const int end = mm_min(a->queries, (part + 1) * f->part);
  for (int first = part * f->part; first < end; first += f->tile) {
    const int count = mm_min(f->tile, end - first);
    const float *queries[MAX_TILE], *weights[MAX_TILE];
    float *row[MAX_TILE], *out[MAX_TILE], sums[MAX_TILE];
    for (int r = 0; r < count; r++) {
      queries[r] = mm_attention_row(a->q, &a->q_at, &m, first + r, a->pad_q, zeros);
      const float *o = mm_attention_row(f->o, &a->o_at, &m, first + r, NULL, unused);
      out[r] = (float *)o;
      weights[r] = row[r] = scores + padded * (size_t)r;
    }
    mm_attention_multiply(f->kernels, count, d, n, queries, keys, row);
    for (int r = 0; r < count; r++) {
      const mm_score_row s = mm_attention_scores(a, &m, first + r);
      float largest;
      mm_scores_forward(&s, row[r], &sums[r], &largest);
      if (f->log_sum) f->log_sum[item * a->queries + first + r] = largest + logf(sums[r]);
    }
    mm_attention_multiply(f->kernels, count, n, e, weights, values, out);
    for (int r = 0; r < count; r++) mm_row_scale(e, 1.0f / sums[r], out[r], out[r], 0);
  }
}

static void run_task(void *context, int task, int worker) {
  (void)worker;
  const forward *f = context;
  const long first = task / f->parts * f->together;
  for (long item = first; item < first + f->together && item < f->items; item++) run_head(f, item, task % f->parts);
}

// Rows of scores that fit the cache, a multiple of the rows of a micro-kernel.
static int tile_rows(const mm_kernels *kernels, int keys) {
  const int fit = (int)(TILE_FLOATS / mm_padded(keys)) / kernels->mr * kernels->mr;
  return mm_max(2 * kernels->mr, mm_min(fit, MAX_TILE / kernels->mr * kernels->mr));
}

void mm_attention_forward(const mm_attention *a, float *o, float *log_sum) {
  const long items = a->batch * a->windows * a->heads;
  if (items <= 0 || a->queries <= 0 || a->keys <= 0) return;
  forward f = {.a = a, .kernels = mm_kernels_current(), .o = o, .log_sum = log_sum, .items = items, .together = 1};
  f.tile = tile_rows(f.kernels, a->keys);
  // At least 16 tasks, unless they would be only a few rows; of small heads several a task.
  const int wanted = items >= 16 ? 1 : mm_ceil_div(16, (int)items);
  f.part = mm_max(mm_ceil_div(a->queries, wanted), mm_min(a->queries, 48));
  f.part = mm_ceil_div(f.part, f.kernels->mr) * f.kernels->mr;
  f.parts = mm_ceil_div(a->queries, f.part);
  const double work = (double)a->queries * a->keys * (a->depth + a->value_depth);
  if (f.parts == 1 && work < 5e5) {
    f.together = (long)(5e5 / work) + 1;
    if (f.together > (items + 15) / 16) f.together = (items + 15) / 16;
  }
  mm_parallel((int)((items + f.together - 1) / f.together) * f.parts, run_task, &f);
}
