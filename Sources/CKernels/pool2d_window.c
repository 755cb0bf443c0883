#include "pool2d_window.h"

#include "math_flat.h"
#include "mm_pool.h"

static void strided(long n, long in, long kernel, long stride, long padding, long dilation, mm_window *window) {
  for (long i = 0; i < n; i++) {
    long begin = i * stride - padding, end = begin + (kernel - 1) * dilation + 1;
    window[i].size = mm_min_long(end, in + padding) - begin;
    if (begin < 0) begin += mm_div_up(-begin, dilation) * dilation;
    end = mm_min_long(end, in);
    if (begin >= end) begin = end = in - 1;  // nothing, yet at a place inside
    window[i].begin = begin;
    window[i].end = end;
  }
}

static void adaptive(long n, long in, mm_window *window) {
  for (long i = 0; i < n; i++) {
    // floor(i in / n) and ceil((i + 1) in / n) without overflow of the product
    long whole = in / n, rest = in % n;
    window[i].begin = i * whole + i * rest / n;
    window[i].end = (i + 1) * whole + mm_div_up((i + 1) * rest, n);
    window[i].size = window[i].end - window[i].begin;
  }
}

// Windows come in order: begins and ends never decrease, so the outputs over one position are neighbours.
static void covering(long n, long in, const mm_window *window, mm_window *outputs) {
  for (long i = 0; i < in; i++) outputs[i] = (mm_window){n, n, 0};
  for (long o = 0; o < n; o++)
    for (long i = window[o].begin; i < window[o].end; i++) {
      if (outputs[i].begin == n) outputs[i].begin = o;
      outputs[i].end = o + 1;
    }
  for (long i = 0; i < in; i++)
    if (outputs[i].begin == n) outputs[i].end = n;
}

static mm_window *memory(int slot, long count) { return mm_scratch(slot, (size_t)count * sizeof(mm_window)); }

mm_windows mm_pool2d_windows(const mm_pool2d *p) {
  mm_window *rows = memory(0, p->oh + p->ow), *columns = rows + p->oh;
  strided(p->oh, p->h, p->kh, p->sh, p->ph, p->dh, rows);
  strided(p->ow, p->w, p->kw, p->sw, p->pw, p->dw, columns);
  return (mm_windows){rows, columns, p->dh, p->dw};
}

mm_windows mm_adaptive_windows(long h, long w, long oh, long ow) {
  mm_window *rows = memory(0, oh + ow), *columns = rows + oh;
  adaptive(oh, h, rows);
  adaptive(ow, w, columns);
  return (mm_windows){rows, columns, 1, 1};
}

mm_windows mm_covering_windows(const mm_windows *windows, long h, long w, long oh, long ow) {
  mm_window *rows = memory(1, h + w), *columns = rows + h;
  covering(oh, h, windows->rows, rows);
  covering(ow, w, windows->columns, columns);
  return (mm_windows){rows, columns, 1, 1};
}
