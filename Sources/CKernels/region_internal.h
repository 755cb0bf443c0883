// The three methods of region pooling, one region at a time.
#pragma once
#include "mm_region.h"

enum { REGION_LANES = 32 };  // channels a task of the gradient: whole cache lines, so that tasks do not share them

// y and index are the region's; dy, index and dx begin at a block of `lanes` channels, dx at the region's image.
void mm_region_align_one(const mm_region_pool *p, long r, float *y);
void mm_region_align_spread(const mm_region_pool *p, long r, const float *dy, long lanes, float *dx);
void mm_region_max_one(const mm_region_pool *p, long r, float *y, int32_t *index);
void mm_region_max_spread(
    const mm_region_pool *p, long r, const float *dy, const int32_t *index, long lanes, float *dx);
void mm_region_pool_one(const mm_region_pool *p, long r, float *y, int32_t *index);
void mm_region_pool_spread(
    const mm_region_pool *p, long r, const float *dy, const int32_t *index, long lanes, float *dx);
