// Walks over several strided arrays of one shape at once, row by row.
#pragma once

enum { MM_MAX_RANK = 8, MM_MAX_OPERANDS = 4 };

typedef struct mm_walk {
  int rank, operands;
  long shape[MM_MAX_RANK];
  long strides[MM_MAX_OPERANDS][MM_MAX_RANK];  // in elements
  long size[MM_MAX_OPERANDS];                  // bytes an element
  char *base[MM_MAX_OPERANDS];
} mm_walk;

// Handles `rows` rows of `n` elements: operand i starts at p[i] and moves on by step[i] elements within a row, and from
// row to row by row_step[i] bytes.
typedef void (*mm_walk_fn)(long rows, long n, char *const *p, const long *step, const long *row_step,
                           const void *context);

void mm_walk_add(mm_walk *w, const void *base, long size, const long *strides);
// Drops dimensions of extent 1 and joins dimensions that every operand walks through evenly. The order stays.
void mm_walk_coalesce(mm_walk *w);
// Strides of a dense row-major array of w's shape.
void mm_dense_strides(int rank, const long *shape, long *strides);
// Runs `run` over all elements, split into pieces of `chunk` elements; order within a piece is row-major.
void mm_walk_run(mm_walk_fn run, const mm_walk *w, long chunk, const void *context);
