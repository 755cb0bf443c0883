// What the index kernels share.
#pragma once
#include <string.h>

#include "math_flat.h"
#include "math_inline.h"
#include "mm_index.h"
#include "mm_pool.h"

// 0 when all of index[0..<count] are in 0..<limit, else 1 + the first position where one is not.
long mm_index_check(long count, long limit, const int64_t *index);
