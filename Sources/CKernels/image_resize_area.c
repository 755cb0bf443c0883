// Area averaging when shrinking, as OpenCV's INTER_AREA: whole-number ratios sum in integers, others weigh in f32.
#include "image_resize.h"

typedef struct {
  int32_t from, to;  // sample offsets in the source and destination rows
  float weight;
} share;

// Which source pixels make up a destination pixel. Shares below a thousandth are dropped. Returns the number of shares.
static int shares_of(int s, int d, int channels, double scale, share *out) {
  int count = 0;
  for (int x = 0; x < d; x++) {
    double first = x * scale, last = first + scale;
    double cell = fmin(scale, s - first);
    int whole_first = (int)ceil(first), whole_last = (int)floor(last);
    whole_last = whole_last < s - 1 ? whole_last : s - 1;
    whole_first = whole_first < whole_last ? whole_first : whole_last;
    if (whole_first - first > 1e-3)
      out[count++] = (share){(whole_first - 1) * channels, x * channels, (float)((whole_first - first) / cell)};
    for (int i = whole_first; i < whole_last; i++)
      out[count++] = (share){i * channels, x * channels, (float)(1.0 / cell)};
    if (last - whole_last > 1e-3)
      out[count++] = (share){
          whole_last * channels, x * channels, (float)(fmin(fmin(last - whole_last, 1.0), cell) / cell)};
  }
  return count;
}

#define GATHER(T, N)                                                          \
  for (int i = 0; i < count; i++) {                                           \
    const T *from = src + shares[i].from;                                     \
    float *to = row + shares[i].to, weight = shares[i].weight;                \
    for (int c = 0; c < N; c++) to[c] += (float)from[c] * weight;             \
  }
#define HORIZONTAL(T, NAME)                                                                            \
  static void NAME(const T *src, const share *shares, int count, int channels, int n, float *row) {    \
    memset(row, 0, (size_t)n * sizeof *row);                                                           \
    switch (channels) {                                                                                \
      case 1: GATHER(T, 1) break;                                                                      \
      case 3: GATHER(T, 3) break;                                                                      \
      case 4: GATHER(T, 4) break;                                                                      \
      default: GATHER(T, channels)                                                                     \
    }                                                                                                  \
  }
HORIZONTAL(uint8_t, horizontal_u8)
HORIZONTAL(float, horizontal_f32)

MM_CLONES static void add_row(float *restrict sum, const float *restrict row, float weight, int n, int fresh) {
  if (fresh)
    for (int i = 0; i < n; i++) sum[i] = row[i] * weight;
  else
    for (int i = 0; i < n; i++) sum[i] += row[i] * weight;
}

MM_CLONES static void round_row(const float *restrict sum, int n, uint8_t *restrict dst) {
  for (int i = 0; i < n; i++) dst[i] = mm_saturate(sum[i]);
}

static void general(
    const void *src, int is_float, int sw, int sh, int channels, void *dst, int dw, int dh, double scale_x,
    double scale_y) {
  // A source pixel has a share in at most two destination pixels.
  size_t columns = mm_aligned(((size_t)sw + (size_t)dw) * sizeof(share));
  char *tables = mm_scratch(MM_IMAGE_TABLES, columns + ((size_t)sh + (size_t)dh) * sizeof(share));
  share *across = (share *)tables, *down = (share *)(tables + columns);
  int across_count = shares_of(sw, dw, channels, scale_x, across);
  int down_count = shares_of(sh, dh, 1, scale_y, down);
  int n = dw * channels;
  size_t stride = mm_aligned((size_t)n * sizeof(float));
  float *row = mm_scratch(MM_IMAGE_ROWS, 2 * stride), *sum = row + stride / sizeof(float);
  int have = -1;
  for (int i = 0; i < down_count; i++) {
    if (have != down[i].from) {
      have = down[i].from;
      size_t offset = (size_t)have * (size_t)sw * (size_t)channels;
      if (is_float)
        horizontal_f32((const float *)src + offset, across, across_count, channels, n, row);
      else
        horizontal_u8((const uint8_t *)src + offset, across, across_count, channels, n, row);
    }
    add_row(sum, row, down[i].weight, n, i == 0 || down[i].to != down[i - 1].to);
    if (i + 1 < down_count && down[i + 1].to == down[i].to) continue;
    size_t at = (size_t)down[i].to * (size_t)n;
    if (is_float)
      memcpy((float *)dst + at, sum, (size_t)n * sizeof(float));
    else
      round_row(sum, n, (uint8_t *)dst + at);
  }
}

MM_INLINE void halve(const uint8_t *restrict src, size_t stride, int channels, int dw, uint8_t *restrict dst) {
  for (int x = 0; x < dw; x++)
    for (int c = 0; c < channels; c++) {
      const uint8_t *p = src + (size_t)(2 * x * channels + c);
      dst[x * channels + c] =
          (uint8_t)((p[0] + p[channels] + p[stride] + p[stride + (size_t)channels] + 2) >> 2);
    }
}
MM_CLONES static void halve1(const uint8_t *restrict src, size_t stride, int dw, uint8_t *restrict dst) {
  halve(src, stride, 1, dw, dst);
}
MM_CLONES static void halve3(const uint8_t *restrict src, size_t stride, int dw, uint8_t *restrict dst) {
  halve(src, stride, 3, dw, dst);
}
MM_CLONES static void halve4(const uint8_t *restrict src, size_t stride, int dw, uint8_t *restrict dst) {
  halve(src, stride, 4, dw, dst);
}

void mm_resize_area_u8(const uint8_t *src, int sw, int sh, int channels, uint8_t *dst, int dw, int dh) {
  double scale_x = 1 / ((double)dw / sw), scale_y = 1 / ((double)dh / sh);
  int nx = mm_whole(scale_x), ny = mm_whole(scale_y);
  if (!nx || !ny) {
    general(src, 0, sw, sh, channels, dst, dw, dh, scale_x, scale_y);
    return;
  }
  size_t stride = (size_t)sw * (size_t)channels;
  int n = dw * channels;
  if (nx == 2 && ny == 2 && channels != 2) {
    for (int y = 0; y < dh; y++) {
      const uint8_t *line = src + 2 * (size_t)y * stride;
      uint8_t *to = dst + (size_t)y * (size_t)n;
      if (channels == 1) halve1(line, stride, dw, to);
      if (channels == 3) halve3(line, stride, dw, to);
      if (channels == 4) halve4(line, stride, dw, to);
    }
    return;
  }
  float scale = 1.f / (float)(nx * ny);
  for (int y = 0; y < dh; y++)
    for (int x = 0; x < dw; x++)
      for (int c = 0; c < channels; c++) {
        const uint8_t *p = src + (size_t)y * (size_t)ny * stride + (size_t)(x * nx * channels + c);
        int sum = 0;
        for (int j = 0; j < ny; j++, p += stride)
          for (int i = 0; i < nx; i++) sum += p[i * channels];
        dst[(size_t)y * (size_t)n + (size_t)(x * channels + c)] = mm_saturate((float)sum * scale);
      }
}

void mm_resize_area_f32(const float *src, int sw, int sh, int channels, float *dst, int dw, int dh) {
  double scale_x = 1 / ((double)dw / sw), scale_y = 1 / ((double)dh / sh);
  int nx = mm_whole(scale_x), ny = mm_whole(scale_y);
  if (!nx || !ny) {
    general(src, 1, sw, sh, channels, dst, dw, dh, scale_x, scale_y);
    return;
  }
  size_t stride = (size_t)sw * (size_t)channels;
  int n = dw * channels, area = nx * ny;
  float scale = 1.f / (float)area;
  int pairs = nx == 2 && ny == 2 && (channels == 1 || channels == 4);
  for (int y = 0; y < dh; y++)
    for (int x = 0; x < dw; x++)
      for (int c = 0; c < channels; c++) {
        const float *p = src + (size_t)y * (size_t)ny * stride + (size_t)(x * nx * channels + c);
        float sum = 0, four[4];
        if (pairs) {
          sum = (p[0] + p[channels]) + (p[stride] + p[stride + (size_t)channels]);
        } else {
          // Sums of four in order, then the rest one by one.
          int k = 0;
          for (int j = 0; j < ny; j++)
            for (int i = 0; i < nx; i++, k++) {
              float value = p[(size_t)j * stride + (size_t)(i * channels)];
              if (k >= area / 4 * 4) {
                sum += value;
                continue;
              }
              four[k & 3] = value;
              if ((k & 3) == 3) sum += ((four[0] + four[1]) + four[2]) + four[3];
            }
        }
        dst[(size_t)y * (size_t)n + (size_t)(x * channels + c)] = sum * scale;
      }
}
