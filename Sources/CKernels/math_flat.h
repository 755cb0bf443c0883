// Loops over flat arrays, split into pieces of fixed size.
#pragma once
#include <stddef.h>

// Inputs, outputs and parameters of a flat kernel; unused pointers are NULL.
typedef struct mm_flat {
  const void *in[4];
  void *out[4];
  unsigned char in_size[4], out_size[4];  // bytes an element
  const void *context;
} mm_flat;

// Computes elements 0..<n of the arrays in `f`.
typedef void (*mm_flat_fn)(long n, const mm_flat *f);

// Runs `run` over n elements in pieces of `chunk` as pool tasks; at most one piece runs on the caller alone.
void mm_flat_run(mm_flat_fn run, long n, long chunk, const mm_flat *f);

// Pieces of elements: ones that cost a memory access, and ones that cost some ten operations.
enum { MM_CHUNK_LIGHT = 32768, MM_CHUNK_HEAVY = 8192 };

// How many rows of `cost` elements make a piece of about 32768 elements, at least 1.
static inline long mm_rows_per_task(long cost) { return cost >= 32768 ? 1 : 32768 / (cost < 1 ? 1 : cost); }
static inline long mm_div_up(long a, long b) { return (a + b - 1) / b; }
static inline long mm_min_long(long a, long b) { return a < b ? a : b; }
static inline long mm_max_long(long a, long b) { return a > b ? a : b; }

// Memory of one call; ends the process when there is none, as the pool does.
void *mm_temporary(size_t bytes);
