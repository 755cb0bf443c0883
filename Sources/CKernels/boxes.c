#include "mm_boxes.h"
#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"
#include <stdlib.h>

// Matching compares overlaps for equality: products must be rounded before they are added.
#pragma STDC FP_CONTRACT OFF

enum { PIECE = 1024 };  // boxes of b that are handled together

struct columns {
  float x1[PIECE], y1[PIECE], x2[PIECE], y2[PIECE], area[PIECE];
};

static void load(long n, const float *b, struct columns *c) {
  for (long j = 0; j < n; j++) {
    c->x1[j] = b[4 * j], c->y1[j] = b[4 * j + 1], c->x2[j] = b[4 * j + 2], c->y2[j] = b[4 * j + 3];
    float w = c->x2[j] - c->x1[j], h = c->y2[j] - c->y1[j];
    c->area[j] = w * h;
  }
}

MM_INLINE float largest(float a, float b) { return a > b ? a : b; }
MM_INLINE float smallest(float a, float b) { return a < b ? a : b; }

MM_CLONES static void overlap_row(mm_overlap mode, float eps, const float *a, long n, const struct columns *c, float *out) {
  const float x1 = a[0], y1 = a[1], x2 = a[2], y2 = a[3];
  const float aw = x2 - x1, ah = y2 - y1;
  const float area = aw * ah;
  if (mode == MM_OVERLAP_GIOU) {
    MM_LOOP for (long j = 0; j < n; j++) {
      float w = largest(smallest(x2, c->x2[j]) - largest(x1, c->x1[j]), 0.0f);
      float h = largest(smallest(y2, c->y2[j]) - largest(y1, c->y1[j]), 0.0f);
      float inter = w * h;
      float both = area + c->area[j];
      float all = largest(both - inter, eps);
      float ew = largest(largest(x2, c->x2[j]) - smallest(x1, c->x1[j]), 0.0f);
      float eh = largest(largest(y2, c->y2[j]) - smallest(y1, c->y1[j]), 0.0f);
      float enclosing = largest(ew * eh, eps);
      float part = (enclosing - all) / enclosing;
      float iou = inter / all;
      out[j] = iou - part;
    }
    return;
  }
  const int first_only = mode == MM_OVERLAP_IOF;
  MM_LOOP for (long j = 0; j < n; j++) {
    float w = largest(smallest(x2, c->x2[j]) - largest(x1, c->x1[j]), 0.0f);
    float h = largest(smallest(y2, c->y2[j]) - largest(y1, c->y1[j]), 0.0f);
    float inter = w * h;
    float both = area + c->area[j];
    float all = first_only ? area : both - inter;
    out[j] = inter / largest(all, eps);
  }
}

struct job {
  mm_overlap mode;
  float eps, least;
  long m, n;
  const float *a, *b;
  const uint8_t *ignored;
  float *out, *best, *row_best;
  int32_t *which, *row_which;
  const float *row_target;
};

static long piece_length(const struct job *j, int task) { return mm_min_long(PIECE, j->n - (long)task * PIECE); }

static void overlaps_piece(void *context, int task, int worker) {
  (void)worker;
  const struct job *j = context;
  long start = (long)task * PIECE, n = piece_length(j, task);
  struct columns *c = mm_scratch(0, sizeof *c);
  load(n, j->b + 4 * start, c);
  for (long i = 0; i < j->m; i++) overlap_row(j->mode, j->eps, j->a + 4 * i, n, c, j->out + i * j->n + start);
}

void mm_box_overlaps(mm_overlap mode, float eps, long m, const float *a, long n, const float *b, float *out) {
  struct job j = {.mode = mode, .eps = eps, .m = m, .n = n, .a = a, .b = b, .out = out};
  mm_parallel((int)mm_div_up(n, PIECE), overlaps_piece, &j);
}

static void hide(const struct job *j, long start, long n, float *row) {
  if (!j->ignored) return;
  for (long k = 0; k < n; k++)
    if (j->ignored[start + k]) row[k] = -1;
}

MM_CLONES static void keep_larger(long n, const float *row, int32_t i, float *best, int32_t *which) {
  MM_LOOP for (long k = 0; k < n; k++) {
    int more = row[k] > best[k];
    which[k] = more ? i : which[k];
    best[k] = more ? row[k] : best[k];
  }
}

MM_CLONES static float largest_of(long n, const float *row) {
  float lanes[16];
  for (int l = 0; l < 16; l++) lanes[l] = -INFINITY;
  long k = 0;
  for (; k + 16 <= n; k += 16)
    MM_LOOP for (int l = 0; l < 16; l++) lanes[l] = largest(lanes[l], row[k + l]);
  for (; k < n; k++) lanes[0] = largest(lanes[0], row[k]);
  for (int l = 1; l < 16; l++) lanes[0] = largest(lanes[0], lanes[l]);
  return lanes[0];
}

static void match_piece(void *context, int task, int worker) {
  (void)worker;
  const struct job *j = context;
  long start = (long)task * PIECE, n = piece_length(j, task);
  struct columns *c = mm_scratch(0, sizeof *c);
  float *row = mm_scratch(1, PIECE * sizeof(float));
  load(n, j->b + 4 * start, c);
  for (long k = 0; k < n; k++) j->best[start + k] = -INFINITY, j->which[start + k] = 0;
  for (long i = 0; i < j->m; i++) {
    overlap_row(MM_OVERLAP_IOU, j->eps, j->a + 4 * i, n, c, row);
    hide(j, start, n, row);
    keep_larger(n, row, (int32_t)i, j->best + start, j->which + start);
    float most = largest_of(n, row);
    long at = task * j->m + i, where = 0;
    while (where < n && row[where] != most) where++;
    j->row_best[at] = most;
    j->row_which[at] = (int32_t)(start + (where < n ? where : 0));
  }
}

void mm_box_match(
    float eps, long m, const float *a, long n, const float *b, const uint8_t *ignored, float *best, int32_t *which,
    float *row_best, int32_t *row_which) {
  long pieces = mm_div_up(n, PIECE);
  struct job j = {.eps = eps, .m = m, .n = n, .a = a, .b = b, .ignored = ignored, .best = best, .which = which};
  j.row_best = mm_temporary((size_t)(pieces * m + 1) * sizeof(float));
  j.row_which = mm_temporary((size_t)(pieces * m + 1) * sizeof(int32_t));
  mm_parallel((int)pieces, match_piece, &j);
  for (long i = 0; i < m; i++) {
    row_best[i] = -INFINITY, row_which[i] = 0;
    for (long p = 0; p < pieces; p++)
      if (j.row_best[p * m + i] > row_best[i])
        row_best[i] = j.row_best[p * m + i], row_which[i] = j.row_which[p * m + i];
  }
  free(j.row_best);
  free(j.row_which);
}

MM_CLONES static void take_equal(long n, const float *row, float target, int32_t i, int32_t *which) {
  MM_LOOP for (long k = 0; k < n; k++) which[k] = row[k] == target ? i : which[k];
}

static void match_best_piece(void *context, int task, int worker) {
  (void)worker;
  const struct job *j = context;
  long start = (long)task * PIECE, n = piece_length(j, task);
  struct columns *c = mm_scratch(0, sizeof *c);
  float *row = mm_scratch(1, PIECE * sizeof(float));
  load(n, j->b + 4 * start, c);
  for (long i = 0; i < j->m; i++) {
    if (!(j->row_target[i] >= j->least)) continue;
    overlap_row(MM_OVERLAP_IOU, j->eps, j->a + 4 * i, n, c, row);
    hide(j, start, n, row);
    take_equal(n, row, j->row_target[i], (int32_t)i, j->which + start);
  }
}

void mm_box_match_best(
    float eps, long m, const float *a, long n, const float *b, const uint8_t *ignored, const float *row_best,
    float least, int32_t *which) {
  struct job j = {.eps = eps, .least = least, .m = m, .n = n, .a = a, .b = b, .ignored = ignored, .which = which};
  j.row_target = row_best;
  mm_parallel((int)mm_div_up(n, PIECE), match_best_piece, &j);
}

MM_CLONES static void suppress_after(
    long i, long n, const float *x1, const float *y1, const float *x2, const float *y2, const float *area,
    float threshold, float offset, uint8_t *keep) {
  const float a1 = x1[i], b1 = y1[i], a2 = x2[i], b2 = y2[i], own = area[i];
  MM_LOOP for (long j = i + 1; j < n; j++) {
    float w = largest(smallest(a2, x2[j]) - largest(a1, x1[j]) + offset, 0.0f);
    float h = largest(smallest(b2, y2[j]) - largest(b1, y1[j]) + offset, 0.0f);
    float inter = w * h;
    float both = own + area[j];
    float overlap = inter / (both - inter);
    keep[j] = overlap > threshold ? 0 : keep[j];
  }
}

void mm_box_suppress(long n, const float *boxes, float threshold, float offset, uint8_t *keep) {
  float *memory = mm_temporary((size_t)(5 * n + 1) * sizeof(float));
  float *x1 = memory, *y1 = x1 + n, *x2 = y1 + n, *y2 = x2 + n, *area = y2 + n;
  for (long j = 0; j < n; j++) {
    x1[j] = boxes[4 * j], y1[j] = boxes[4 * j + 1], x2[j] = boxes[4 * j + 2], y2[j] = boxes[4 * j + 3];
    float w = x2[j] - x1[j] + offset, h = y2[j] - y1[j] + offset;
    area[j] = w * h;
    keep[j] = 1;
  }
  for (long i = 0; i < n; i++)
    if (keep[i]) suppress_after(i, n, x1, y1, x2, y2, area, threshold, offset, keep);
  free(memory);
}
