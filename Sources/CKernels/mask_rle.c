// Runs from bitmaps and back. Bitmaps lie row by row, runs column by column: blocks of columns are turned in between.
#include "mm_mask.h"

#include <string.h>

#include "mm_pool.h"

enum { BLOCK = 64 };

typedef struct {
  uint32_t *runs;
  long capacity, count;
  uint32_t length;
  uint8_t value;
} run_writer;

static void end_run(run_writer *w) {
  if (w->count < w->capacity) w->runs[w->count] = w->length;
  w->count++;
  w->length = 0;
}

static void put(run_writer *w, uint8_t value, long length) {
  if (length == 0) return;
  if (value != w->value) {
    end_run(w);
    w->value = value;
  }
  w->length += (uint32_t)length;
}

// Where, from `at` on, a byte of `column` differs from `value`; `n` if nowhere.
static long next_change(const uint8_t *column, long at, long n, uint8_t value) {
  uint64_t all = value * 0x0101010101010101ull;
  for (; at + 8 <= n; at += 8) {
    uint64_t word;
    memcpy(&word, column + at, 8);
    if (word != all) break;
  }
  while (at < n && column[at] == value) at++;
  return at;
}

long mm_mask_encode(
    const uint8_t *window, long window_height, long window_width, long left, long top, long height, long width,
    uint32_t *runs, long capacity) {
  run_writer writer = {.runs = runs, .capacity = capacity};
  long below = height - top - window_height;
  uint8_t *columns = mm_scratch(0, (size_t)(BLOCK * window_height + 1));
  put(&writer, 0, left * height);
  for (long x0 = 0; x0 < window_width; x0 += BLOCK) {
    long n = window_width - x0 < BLOCK ? window_width - x0 : BLOCK;
    uint8_t any = 0;
    for (long y = 0; y < window_height; y++) {
      const uint8_t *row = window + y * window_width + x0;
      for (long x = 0; x < n; x++) any |= row[x];
    }
    if (!any) {
      put(&writer, 0, n * height);
      continue;
    }
    for (long y = 0; y < window_height; y++) {
      const uint8_t *row = window + y * window_width + x0;
      for (long x = 0; x < n; x++) columns[x * window_height + y] = row[x] != 0;
    }
    for (long x = 0; x < n; x++) {
      const uint8_t *column = columns + x * window_height;
      put(&writer, 0, top);
      for (long y = 0; y < window_height;) {
        long end = next_change(column, y, window_height, column[y]);
        put(&writer, column[y], end - y);
        y = end;
      }
      put(&writer, 0, below);
    }
  }
  put(&writer, 0, (width - left - window_width) * height);
  end_run(&writer);
  return writer.count;
}

void mm_mask_decode(long count, const uint32_t *runs, long height, long width, uint8_t *mask) {
  uint8_t *columns = mm_scratch(0, (size_t)(BLOCK * height + 1));
  memset(mask, 0, (size_t)(height * width));
  long run = 0, rest = count > 0 ? runs[0] : 0;
  uint8_t value = 0;
  for (long x0 = 0; x0 < width; x0 += BLOCK) {
    long n = width - x0 < BLOCK ? width - x0 : BLOCK, total = n * height;
    uint8_t any = 0;
    for (long at = 0; at < total;) {
      while (rest == 0 && run + 1 < count) {
        rest = runs[++run];
        value = !value;
      }
      // What no run covers is zero.
      long length = rest > 0 && rest < total - at ? rest : total - at;
      uint8_t fill = rest > 0 ? value : 0;
      memset(columns + at, fill, (size_t)length);
      any |= fill;
      at += length;
      rest = rest > 0 ? rest - length : 0;
    }
    if (!any) continue;
    for (long y = 0; y < height; y++) {
      uint8_t *row = mask + y * width + x0;
      for (long x = 0; x < n; x++) row[x] = columns[x * height + y];
    }
  }
}

void mm_mask_overlap(
    long n, const uint32_t *a, long m, const uint32_t *b, uint64_t *intersection, uint64_t *joined) {
  uint64_t both = 0, either = 0;
  long i = 0, j = 0;
  uint32_t rest_a = n > 0 ? a[0] : 0, rest_b = m > 0 ? b[0] : 0;
  while (i < n && j < m) {
    uint32_t step = rest_a < rest_b ? rest_a : rest_b;
    // Runs with odd numbers are of the object.
    if ((i & 1) && (j & 1)) both += step;
    if ((i & 1) || (j & 1)) either += step;
    rest_a -= step;
    rest_b -= step;
    if (rest_a == 0 && ++i < n) rest_a = a[i];
    if (rest_b == 0 && ++j < m) rest_b = b[j];
  }
  *intersection = both;
  *joined = either;
}
