// PNG decoding and encoding. libpng reports errors by longjmp; every jump stays inside this file.
#include "mm_image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#define MAX_PIXELS ((uint64_t)1 << 30)

struct mm_png {
  png_structp read;
  png_infop info, end;
  const uint8_t *data;
  size_t size, position;
  char *message;
  // What the header says.
  int width, height, depth, color, transparent;
  uint8_t *exif;
  size_t exif_size;
  png_bytep *rows;
};

static void on_error(png_structp png, png_const_charp text) {
  char *message = *(char **)png_get_error_ptr(png);
  snprintf(message, MM_IMAGE_MESSAGE, "%s", text);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void take(png_structp handle, png_bytep dst, size_t count) {
  mm_png *png = png_get_io_ptr(handle);
  if (count > png->size - png->position) png_error(handle, "the data end early");
  memcpy(dst, png->data + png->position, count);
  png->position += count;
}

mm_png *mm_png_open(const uint8_t *data, size_t size, char *message) {
  mm_png *png = calloc(1, sizeof *png);
  if (!png) {
    snprintf(message, MM_IMAGE_MESSAGE, "out of memory");
    return NULL;
  }
  png->data = data;
  png->size = size;
  png->message = message;
  png->read = png_create_read_struct(PNG_LIBPNG_VER_STRING, &png->message, on_error, on_warning);
  if (png->read) {
    png->info = png_create_info_struct(png->read);
    png->end = png_create_info_struct(png->read);
  }
  if (!png->read || !png->info || !png->end) {
    snprintf(message, MM_IMAGE_MESSAGE, "out of memory");
    mm_png_close(png);
    return NULL;
  }
  if (setjmp(png_jmpbuf(png->read))) {
    mm_png_close(png);
    return NULL;
  }
  png_set_read_fn(png->read, png, take);
#ifdef PNG_HANDLE_AS_UNKNOWN_SUPPORTED
  // Colour spaces are not honoured; left in, they would make old versions of libpng bend the gray of colour images.
  static const png_byte ignored[] = "gAMA\0cHRM\0sRGB\0iCCP\0cICP";
  png_set_keep_unknown_chunks(png->read, PNG_HANDLE_CHUNK_NEVER, ignored, sizeof ignored / 5);
#endif
  png_read_info(png->read, png->info);
  png_uint_32 width, height;
  png_get_IHDR(png->read, png->info, &width, &height, &png->depth, &png->color, NULL, NULL, NULL);
  int entries = 0;
  png_bytep alphas = NULL;
  png_color_16p color = NULL;
  png_get_tRNS(png->read, png->info, &alphas, &entries, &color);
  png->transparent = entries > 0;
  // Deflate shrinks no data by more than 1032 to 1.
  uint64_t row = ((uint64_t)width * png_get_channels(png->read, png->info) * (uint64_t)png->depth + 7) / 8;
  const char *problem = NULL;
  if ((uint64_t)width * height > MAX_PIXELS)
    problem = "the size is beyond 2^30 pixels";
  else if (row * height / 1040 > size)
    problem = "the data are too short for the size in the header";
  if (problem) {
    snprintf(message, MM_IMAGE_MESSAGE, "%s", problem);
    mm_png_close(png);
    return NULL;
  }
  png->width = (int)width;
  png->height = (int)height;
  return png;
}

static int channels_of(const mm_png *png, int layout) {
  int gray = !(png->color & PNG_COLOR_MASK_COLOR), alpha = png->color & PNG_COLOR_MASK_ALPHA;
  int palette = png->color == PNG_COLOR_TYPE_PALETTE;
  switch (layout) {
    case MM_PNG_BGR: return 3;
    case MM_PNG_GRAY: return 1;
    case MM_PNG_STORED: return palette ? 1 : (gray ? 1 : 3) + (alpha ? 1 : 0);
    default: return gray && !alpha ? 1 : alpha || png->transparent ? 4 : 3;
  }
}

void mm_png_info(
    const mm_png *png, int layout, int *width, int *height, int *channels, int *sample_bytes, int *bit_depth,
    int *palette) {
  *width = png->width;
  *height = png->height;
  *channels = channels_of(png, layout);
  *sample_bytes = png->depth == 16 && (layout == MM_PNG_UNCHANGED || layout == MM_PNG_STORED) ? 2 : 1;
  *bit_depth = png->depth;
  *palette = png->color == PNG_COLOR_TYPE_PALETTE;
}

int mm_png_palette(const mm_png *png, uint8_t *rgb) {
  png_colorp colors = NULL;
  int entries = 0;
  if (!png_get_PLTE(png->read, png->info, &colors, &entries)) return 0;
  for (int i = 0; i < entries; i++) {
    rgb[3 * i] = colors[i].red;
    rgb[3 * i + 1] = colors[i].green;
    rgb[3 * i + 2] = colors[i].blue;
  }
  return entries;
}

const uint8_t *mm_png_exif(const mm_png *png, size_t *size) {
  *size = png->exif_size;
  return png->exif;
}

static void find_exif(mm_png *png) {
#ifdef PNG_eXIf_SUPPORTED
  png_uint_32 count = 0;
  png_bytep exif = NULL;
  if (png_get_valid(png->read, png->info, PNG_INFO_eXIf))
    png_get_eXIf_1(png->read, png->info, &count, &exif);
  else if (png_get_valid(png->read, png->end, PNG_INFO_eXIf))
    png_get_eXIf_1(png->read, png->end, &count, &exif);
  if (exif) {
    png->exif = exif;
    png->exif_size = count;
  }
#endif
}

int mm_png_read(mm_png *png, int layout, uint8_t *dst, char *message) {
  png_structp read = png->read;
  png->message = message;
  if (setjmp(png_jmpbuf(read))) return -1;
  int width, height, channels, bytes, depth, palette;
  mm_png_info(png, layout, &width, &height, &channels, &bytes, &depth, &palette);
  uint16_t one = 1;
  int little = *(uint8_t *)&one == 1;
  if (layout == MM_PNG_STORED) {
    png_set_packing(read);
    if (depth == 16 && little) png_set_swap(read);
  } else {
    if (depth == 16 && bytes == 1)
      png_set_strip_16(read);
    else if (depth == 16 && little)
      png_set_swap(read);
    if (channels < 4)
      png_set_strip_alpha(read);
    else
      png_set_tRNS_to_alpha(read);
    if (palette) png_set_palette_to_rgb(read);
    int colored = png->color & PNG_COLOR_MASK_COLOR;
    if (!colored && depth < 8) png_set_expand_gray_1_2_4_to_8(read);
    if (channels > 1 && colored)
      png_set_bgr(read);
    else if (channels > 1)
      png_set_gray_to_rgb(read);
    else
      png_set_rgb_to_gray(read, 1, 0.299, 0.587);
  }
  png_set_interlace_handling(read);
  png_read_update_info(read, png->info);
  size_t stride = (size_t)width * (size_t)channels * (size_t)bytes;
  if (png_get_rowbytes(read, png->info) != stride) png_error(read, "an unexpected sample layout");
  png->rows = malloc((size_t)height * sizeof *png->rows);
  if (!png->rows) png_error(read, "out of memory");
  for (int y = 0; y < height; y++) png->rows[y] = dst + (size_t)y * stride;
  png_read_image(read, png->rows);
  png_read_end(read, png->end);
  find_exif(png);
  return 0;
}

void mm_png_close(mm_png *png) {
  if (png->read) png_destroy_read_struct(&png->read, &png->info, &png->end);
  free(png->rows);
  free(png);
}

typedef struct {
  uint8_t *bytes;
  size_t size, capacity;
} sink;

static void give(png_structp handle, png_bytep data, size_t count) {
  sink *out = png_get_io_ptr(handle);
  if (count > out->capacity - out->size) {
    size_t capacity = out->capacity * 2 > out->size + count ? out->capacity * 2 : out->size + count;
    uint8_t *grown = realloc(out->bytes, capacity);
    if (!grown) png_error(handle, "out of memory");
    out->bytes = grown;
    out->capacity = capacity;
  }
  memcpy(out->bytes + out->size, data, count);
  out->size += count;
}

static void flush(png_structp handle) { (void)handle; }

uint8_t *mm_png_write(
    const uint8_t *src, int width, int height, int channels, const uint8_t *palette, int entries, int level,
    size_t *size, char *message) {
  sink out = {malloc(1 << 16), 0, 1 << 16};
  char *target = message;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &target, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  volatile int done = 0;
  if (!out.bytes || !info) {
    snprintf(message, MM_IMAGE_MESSAGE, "out of memory");
  } else if (setjmp(png_jmpbuf(png)) == 0) {
    png_set_write_fn(png, &out, give, flush);
    int color = entries > 0   ? PNG_COLOR_TYPE_PALETTE
                : channels == 1 ? PNG_COLOR_TYPE_GRAY
                : channels == 3 ? PNG_COLOR_TYPE_RGB
                                : PNG_COLOR_TYPE_RGB_ALPHA;
    png_set_IHDR(
        png, info, (png_uint_32)width, (png_uint_32)height, 8, color, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
        PNG_FILTER_TYPE_DEFAULT);
    if (entries > 0) {
      png_color colors[256];
      for (int i = 0; i < entries && i < 256; i++)
        colors[i] = (png_color){palette[3 * i], palette[3 * i + 1], palette[3 * i + 2]};
      png_set_PLTE(png, info, colors, entries);
    }
    png_set_compression_level(png, level);
    if (entries == 0) png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
    png_write_info(png, info);
    if (channels >= 3) png_set_bgr(png);
    for (int y = 0; y < height; y++)
      png_write_row(png, src + (size_t)y * (size_t)width * (size_t)channels);
    png_write_end(png, info);
    done = 1;
  }
  png_destroy_write_struct(&png, &info);
  if (!done) {
    free(out.bytes);
    return NULL;
  }
  *size = out.size;
  return out.bytes;
}
