// Loops over regions, and, on the way back, over blocks of channels of the maps' images.
#include "math_flat.h"
#include "math_inline.h"
#include "mm_pool.h"
#include "region_axis.h"
#include "region_internal.h"

struct region_loop {
  const mm_region_pool *p;
  long blocks;
  float *y;
  const float *dy;
  int32_t *index;
  const int32_t *kept;
};

static void forward_task(void *context, int task, int worker) {
  (void)worker;
  const struct region_loop *loop = context;
  const mm_region_pool *p = loop->p;
  const long start = task * p->oh * p->ow * p->c;
  switch (p->method) {
    case MM_REGION_ALIGN_AVERAGE: mm_region_align_one(p, task, loop->y + start); break;
    case MM_REGION_ALIGN_MAXIMUM: mm_region_max_one(p, task, loop->y + start, loop->index + start); break;
    case MM_REGION_POOL: mm_region_pool_one(p, task, loop->y + start, loop->index + start); break;
  }
}

void mm_region_forward(const mm_region_pool *p, float *y, int32_t *index) {
  if (p->regions * p->oh * p->ow * p->c == 0) return;
  struct region_loop loop = {.p = p, .y = y, .index = index};
  mm_parallel((int)p->regions, forward_task, &loop);
}

// One block of channels of one image takes the gradients of its regions in their order.
static void backward_task(void *context, int task, int worker) {
  (void)worker;
  const struct region_loop *loop = context;
  const mm_region_pool *p = loop->p;
  long image = task / loop->blocks, level = 0;
  const long first = task % loop->blocks * REGION_LANES, lanes = mm_min_long(REGION_LANES, p->c - first);
  for (; image >= p->maps[level].n; level++) image -= p->maps[level].n;
  const mm_region_map *map = p->maps + level;
  float *dx = map->dx + image * map->h * map->w * p->c + first;
  for (long i = 0; i < map->h * map->w; i++) memset(dx + i * p->c, 0, (size_t)lanes * sizeof *dx);
  for (long r = 0; r < p->regions; r++) {
    if (mm_region_map_of(p, r) != map || mm_region_image(p, r) != image) continue;
    const long start = r * p->oh * p->ow * p->c + first;
    switch (p->method) {
      case MM_REGION_ALIGN_AVERAGE: mm_region_align_spread(p, r, loop->dy + start, lanes, dx); break;
      case MM_REGION_ALIGN_MAXIMUM: mm_region_max_spread(p, r, loop->dy + start, loop->kept + start, lanes, dx); break;
      case MM_REGION_POOL: mm_region_pool_spread(p, r, loop->dy + start, loop->kept + start, lanes, dx); break;
    }
  }
}

void mm_region_backward(const mm_region_pool *p, const float *dy, const int32_t *index) {
  struct region_loop loop = {.p = p, .blocks = mm_div_up(p->c, REGION_LANES), .dy = dy, .kept = index};
  long images = 0;
  for (long level = 0; level < p->levels; level++) images += p->maps[level].n;
  if (images * loop.blocks > 0) mm_parallel((int)(images * loop.blocks), backward_task, &loop);
}
