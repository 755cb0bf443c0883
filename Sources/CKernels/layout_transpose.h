// Many transposes of one shape, at strided places.
#pragma once
#include "math_walk.h"

typedef struct mm_transposes {
  int size, rank;  // bytes an element; dimensions of the batch
  long shape[MM_MAX_RANK], src_strides[MM_MAX_RANK], dst_strides[MM_MAX_RANK];
  long rows, cols;        // of a source matrix
  long src_row, dst_row;  // elements from one row to the next
  const char *src;
  char *dst;
} mm_transposes;

void mm_run_transposes(const mm_transposes *t);
