// Windows of pooling along one axis, laid out before a loop starts: all kinds of pooling then run the same loops.
#pragma once
#include "mm_pool2d.h"

// The input positions begin, begin + step, ... below end of one output position, all inside of the input; and how many
// positions of the padded input the window counts.
typedef struct mm_window {
  long begin, end, size;
} mm_window;

typedef struct mm_windows {
  const mm_window *rows, *columns;  // [oh], [ow]
  long row_step, column_step;
} mm_windows;

// The memory is the calling thread's scratch slot 0.
mm_windows mm_pool2d_windows(const mm_pool2d *p);
mm_windows mm_adaptive_windows(long h, long w, long oh, long ow);

// For each input position, the outputs whose windows hold it: begin up to end. `windows` must have step 1; the memory
// is the calling thread's scratch slot 1.
mm_windows mm_covering_windows(const mm_windows *windows, long h, long w, long oh, long ow);
