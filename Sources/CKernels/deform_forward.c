// The forward pass: columns of what the moved kernel reads, a chunk of pixels at a time, times the weights.
#include "deform_taps.h"
#include "include/mm_gemm.h"
#include "include/mm_pool.h"
#include "math_flat.h"

#include <cblas.h>

#define MIX(type, blocks, load, store)                                                                       \
  do {                                                                                                       \
    type sum[blocks];                                                                                        \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) sum[b] = (type){};                                    \
    for (int t = 0; t < count; t++)                                                                          \
      _Pragma("unroll") for (int b = 0; b < blocks; b++) sum[b] += load(from[t] + k + 16 * b) * weight[t];   \
    _Pragma("unroll") for (int b = 0; b < blocks; b++) store(y + k + 16 * b, sum[b]);                        \
  } while (0)
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))

MM_CLONES static void mix(int count, const float *const *from, const float *weight, long n, float *y) {
  long k = 0;
  for (; k + 64 <= n; k += 64) MIX(mm_v16, 4, MM_LOAD16, MM_STORE16);
  for (; k + 16 <= n; k += 16) MIX(mm_v16, 1, MM_LOAD16, MM_STORE16);
  for (; k < n; k++) MIX(float, 1, LOAD, STORE);
}

void mm_deform_mix(int count, const float *const *from, const float *weight, long n, float *y) {
  mix(count, from, weight, n, y);
}

struct forward_loop {
  const mm_deform_conv *s;
  long chunks, chunk;  // chunks of pixels an image, and their pixels
  const float *x, *offset, *mask, *weight, *bias;
  const void *packed;  // the weights for the own kernels, where there is one group
  float *y;
};

// What the kernel reads for output pixel `pixel` of the image `x`, as [groups][kh * kw][c / groups], the groups `pitch`
// floats apart.
static void column(const struct forward_loop *loop, long image, long pixel, float *row, float *out, long pitch) {
  const mm_deform_conv *s = loop->s;
  const long taps = s->kh * s->kw, channels = s->c / s->deform_groups, each = s->c / s->groups;
  const long at = image * s->oh * s->ow + pixel;
  const float *x = loop->x + image * s->h * s->w * s->c;
  mm_deform_taps t;
  for (long k = 0; k < taps; k++) {
    float *to = s->groups == 1 ? out + k * s->c : row;
    for (long g = 0; g < s->deform_groups; g++) {
      mm_deform_taps_at(
          s, loop->offset + at * s->deform_groups * taps * 2, pixel / s->ow, pixel % s->ow, g, k, &t);
      const float *from[4];
      const float scale = loop->mask ? loop->mask[(at * s->deform_groups + g) * taps + k] : 1;
      for (int i = 0; i < t.count; i++) {
        from[i] = x + t.place[i] * s->c + g * channels;
        t.weight[i] *= scale;
      }
      mix(t.count, from, t.weight, channels, to + g * channels);
    }
    if (s->groups > 1)
      for (long g = 0; g < s->groups; g++)
        memcpy(out + g * pitch + k * each, row + g * each, (size_t)each * sizeof *row);
  }
}

static void task(void *context, int task, int worker) {
  (void)worker;
  const struct forward_loop *loop = context;
  const mm_deform_conv *s = loop->s;
  const long image = task / loop->chunks, first = task % loop->chunks * loop->chunk, out = s->oh * s->ow;
  const long pixels = mm_min_long(loop->chunk, out - first), each = s->kh * s->kw * (s->c / s->groups);
  const long outputs = s->oc / s->groups;
  float *columns = mm_scratch(0, (size_t)(pixels * each * s->groups + s->c) * sizeof(float));
  float *row = columns + pixels * each * s->groups;
  for (long p = 0; p < pixels; p++) column(loop, image, first + p, row, columns + p * each, pixels * each);
  float *y = loop->y + (image * out + first) * s->oc;
  if (loop->packed) {
    mm_linear_forward((int)pixels, (int)each, (int)s->oc, columns, loop->packed, loop->bias, NULL, MM_ACT_NONE, 0, y);
    return;
  }
  if (loop->bias)
    for (long p = 0; p < pixels; p++) memcpy(y + p * s->oc, loop->bias, (size_t)s->oc * sizeof *y);
  for (long g = 0; g < s->groups; g++)
    cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, (int)pixels, (int)outputs, (int)each, 1,
        columns + g * pixels * each, (int)each, loop->weight + g * outputs * each, (int)each, loop->bias ? 1 : 0,
        y + g * outputs, (int)s->oc);
}

void mm_deform_conv_forward(const mm_deform_conv *s, const float *x, const float *offset, const float *mask,
                            const float *weight, const float *bias, float *y) {
  const long out = s->oh * s->ow;
  if (s->n * out * s->oc == 0) return;
  mm_blas_init();
  // Columns of about 512 KiB; 32 to 256 pixels, and at least eight chunks where there is that much.
  long chunk = 131072 / mm_max_long(1, s->kh * s->kw * s->c);
  chunk = mm_max_long(32, mm_min_long(256, chunk));
  chunk = mm_max_long(16, mm_min_long(chunk, mm_div_up(s->n * out, 8)));
  struct forward_loop loop = {s, mm_div_up(out, chunk), chunk, x, offset, mask, weight, bias, NULL, y};
  if (s->groups == 1) {
    const int each = (int)(s->kh * s->kw * s->c);
    void *packed = mm_scratch(1, mm_linear_packed_bytes(each, (int)s->oc));
    mm_linear_pack(each, (int)s->oc, weight, packed);
    loop.packed = packed;
  }
  mm_parallel((int)(s->n * loop.chunks), task, &loop);
}
