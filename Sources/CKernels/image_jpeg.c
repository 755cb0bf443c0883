// JPEG decoding and encoding. libjpeg reports errors by longjmp; every jump stays inside this file.
#include "mm_image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// Sizes beyond these are refused, as OpenCV does.
#define MAX_SIDE (1 << 20)
#define MAX_PIXELS ((uint64_t)1 << 30)
// A progressive file may repeat scans without end; real ones have about ten.
#define MAX_SCANS 500

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  char *message;
} error_manager;

struct mm_jpeg {
  struct jpeg_decompress_struct info;
  error_manager errors;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
};

static void on_error(j_common_ptr info) {
  error_manager *errors = (error_manager *)info->err;
  char text[JMSG_LENGTH_MAX];
  errors->base.format_message(info, text);
  snprintf(errors->message, MM_IMAGE_MESSAGE, "%s", text);
  longjmp(errors->escape, 1);
}

// Warnings (odd but readable data) are not worth a line each.
static void on_message(j_common_ptr info) { (void)info; }
static void on_emit(j_common_ptr info, int level) {
  if (level < 0) info->err->num_warnings++;
}

static void set_errors(error_manager *errors, char *message) {
  jpeg_std_error(&errors->base);
  errors->base.error_exit = on_error;
  errors->base.output_message = on_message;
  errors->base.emit_message = on_emit;
  errors->message = message;
}

static void source_start(j_decompress_ptr info) { (void)info; }
// All bytes are there from the start: asking for more means that the data end early.
static boolean source_fill(j_decompress_ptr info) {
  (void)info;
  return FALSE;
}
static void source_skip(j_decompress_ptr info, long count) {
  struct jpeg_source_mgr *source = info->src;
  if (count <= 0) return;
  size_t step = (size_t)count < source->bytes_in_buffer ? (size_t)count : source->bytes_in_buffer;
  source->next_input_byte += step;
  source->bytes_in_buffer -= step;
}

static void watch_scans(j_common_ptr info) {
  if (!info->is_decompressor) return;
  j_decompress_ptr decompress = (j_decompress_ptr)info;
  if (decompress->input_scan_number > MAX_SCANS) {
    error_manager *errors = (error_manager *)info->err;
    snprintf(errors->message, MM_IMAGE_MESSAGE, "more than %d scans", MAX_SCANS);
    longjmp(errors->escape, 1);
  }
}

mm_jpeg *mm_jpeg_open(const uint8_t *data, size_t size, char *message) {
  mm_jpeg *jpeg = calloc(1, sizeof *jpeg);
  if (!jpeg) {
    snprintf(message, MM_IMAGE_MESSAGE, "out of memory");
    return NULL;
  }
  jpeg->info.err = &jpeg->errors.base;
  set_errors(&jpeg->errors, message);
  if (setjmp(jpeg->errors.escape)) {
    mm_jpeg_close(jpeg);
    return NULL;
  }
  jpeg_create_decompress(&jpeg->info);
  jpeg->source.init_source = source_start;
  jpeg->source.fill_input_buffer = source_fill;
  jpeg->source.skip_input_data = source_skip;
  jpeg->source.resync_to_restart = jpeg_resync_to_restart;
  jpeg->source.term_source = source_start;
  jpeg->source.next_input_byte = data;
  jpeg->source.bytes_in_buffer = size;
  jpeg->info.src = &jpeg->source;
  jpeg->progress.progress_monitor = watch_scans;
  jpeg->info.progress = &jpeg->progress;
  jpeg_save_markers(&jpeg->info, JPEG_APP0 + 1, 0xFFFF);

  const char *problem = NULL;
  if (jpeg_read_header(&jpeg->info, TRUE) != JPEG_HEADER_OK) {
    problem = "the data end inside the header";
  } else {
    uint64_t width = jpeg->info.image_width, height = jpeg->info.image_height;
    // Even a blank image takes a bit a block of 8 x 8 samples, and samples are at most 4 x 4 pixels.
    if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS)
      problem = "the size is beyond 2^20 pixels a side or 2^30 in all";
    else if (width * height / (64 * 16 * 8) > size)
      problem = "the data are too short for the size in the header";
    else if (jpeg->info.num_components != 1 && jpeg->info.num_components != 3 && jpeg->info.num_components != 4)
      problem = "the number of colour components must be 1, 3 or 4";
  }
  if (problem) {
    snprintf(message, MM_IMAGE_MESSAGE, "%s", problem);
    mm_jpeg_close(jpeg);
    return NULL;
  }
  return jpeg;
}

void mm_jpeg_info(
    const mm_jpeg *jpeg, int *width, int *height, int *components, int *adobe, const uint8_t **exif,
    size_t *exif_size) {
  *width = (int)jpeg->info.image_width;
  *height = (int)jpeg->info.image_height;
  *components = jpeg->info.num_components;
  *adobe = jpeg->info.saw_Adobe_marker;
  *exif = NULL;
  *exif_size = 0;
  for (jpeg_saved_marker_ptr marker = jpeg->info.marker_list; marker; marker = marker->next) {
    if (marker->marker != JPEG_APP0 + 1 || marker->data_length <= 6) continue;
    if (memcmp(marker->data, "Exif\0\0", 6) != 0) continue;
    *exif = marker->data + 6;
    *exif_size = marker->data_length - 6;
    return;
  }
}

// The Huffman tables of ITU-T T.81, annex K.3, which motion-JPEG frames leave out.
static void standard_tables(j_decompress_ptr info) {
  for (int i = 0; i < NUM_HUFF_TBLS; i++)
    if (info->dc_huff_tbl_ptrs[i] || info->ac_huff_tbl_ptrs[i]) return;
  // A compressor's defaults are these tables.
  struct jpeg_compress_struct donor;
  memset(&donor, 0, sizeof donor);
  donor.err = info->err;
  jpeg_create_compress(&donor);
  donor.image_width = donor.image_height = 8;
  donor.input_components = 3;
  donor.in_color_space = JCS_YCbCr;
  jpeg_set_defaults(&donor);
  for (int i = 0; i < 2; i++) {
    info->dc_huff_tbl_ptrs[i] = jpeg_alloc_huff_table((j_common_ptr)info);
    info->ac_huff_tbl_ptrs[i] = jpeg_alloc_huff_table((j_common_ptr)info);
    *info->dc_huff_tbl_ptrs[i] = *donor.dc_huff_tbl_ptrs[i];
    *info->ac_huff_tbl_ptrs[i] = *donor.ac_huff_tbl_ptrs[i];
  }
  jpeg_destroy_compress(&donor);
}

// Inverted CMYK, as Adobe writes it, to BGR and to gray; OpenCV's integer arithmetic.
static void cmyk_row(const uint8_t *src, int width, int gray, uint8_t *dst) {
  const int red = 4899, green = 9617, blue = (1 << 14) - 4899 - 9617;
  for (int x = 0; x < width; x++, src += 4) {
    int k = src[3];
    int c = k - (((255 - src[0]) * k) >> 8), m = k - (((255 - src[1]) * k) >> 8), y = k - (((255 - src[2]) * k) >> 8);
    if (gray) {
      *dst++ = (uint8_t)((y * blue + m * green + c * red + (1 << 13)) >> 14);
    } else {
      dst[0] = (uint8_t)y;
      dst[1] = (uint8_t)m;
      dst[2] = (uint8_t)c;
      dst += 3;
    }
  }
}

int mm_jpeg_read(mm_jpeg *jpeg, int layout, uint8_t *dst, char *message) {
  j_decompress_ptr info = &jpeg->info;
  jpeg->errors.message = message;
  if (setjmp(jpeg->errors.escape)) return -1;
  standard_tables(info);
  int four = info->num_components == 4;
  if (four) {
    info->out_color_space = JCS_CMYK;
  } else if (layout == MM_JPEG_GRAY) {
    info->out_color_space = JCS_GRAYSCALE;
  } else {
#ifdef JCS_EXTENSIONS
    info->out_color_space = JCS_EXT_BGR;
#else
    info->out_color_space = JCS_RGB;
#endif
  }
  const char *early = "the data end before the last row";
  if (!jpeg_start_decompress(info)) {
    snprintf(message, MM_IMAGE_MESSAGE, "%s", early);
    return -1;
  }
  size_t bytes = layout == MM_JPEG_GRAY ? 1 : layout == MM_JPEG_CMYK ? 4 : 3;
  int width = (int)info->output_width;
  int convert = four && layout != MM_JPEG_CMYK;
  JSAMPARRAY row = NULL;
  if (convert) row = info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE, (JDIMENSION)width * 4, 1);
  while (info->output_scanline < info->output_height) {
    JSAMPROW direct = dst + (size_t)info->output_scanline * (size_t)width * bytes;
    if (jpeg_read_scanlines(info, convert ? row : &direct, 1) != 1) {
      snprintf(message, MM_IMAGE_MESSAGE, "%s", early);
      return -1;
    }
    if (convert) cmyk_row(row[0], width, layout == MM_JPEG_GRAY, direct);
#ifndef JCS_EXTENSIONS
    if (!four && layout == MM_JPEG_BGR)
      for (int x = 0; x < width; x++) {
        uint8_t red = direct[3 * x];
        direct[3 * x] = direct[3 * x + 2];
        direct[3 * x + 2] = red;
      }
#endif
  }
  return 0;
}

void mm_jpeg_close(mm_jpeg *jpeg) {
  jpeg_destroy_decompress(&jpeg->info);
  free(jpeg);
}

uint8_t *mm_jpeg_write(
    const uint8_t *src, int width, int height, int channels, int quality, int progressive, size_t *size,
    char *message) {
  struct jpeg_compress_struct info;
  error_manager errors;
  // Both change after setjmp: libjpeg replaces the buffer when it grows.
  unsigned char *volatile result = NULL;
  unsigned char *buffer = NULL;
  unsigned long bytes = 0;
  memset(&info, 0, sizeof info);
  info.err = &errors.base;
  set_errors(&errors, message);
  uint8_t *row = channels == 3 ? malloc((size_t)width * 3) : NULL;
  if (channels == 3 && !row) {
    snprintf(message, MM_IMAGE_MESSAGE, "out of memory");
    return NULL;
  }
  if (setjmp(errors.escape) == 0) {
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &buffer, &bytes);
    info.image_width = (JDIMENSION)width;
    info.image_height = (JDIMENSION)height;
    info.input_components = channels;
    info.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    if (progressive) jpeg_simple_progression(&info);
    jpeg_start_compress(&info, TRUE);
    for (int y = 0; y < height; y++) {
      const uint8_t *line = src + (size_t)y * (size_t)width * (size_t)channels;
      JSAMPROW rows[1] = {(JSAMPROW)(uintptr_t)line};
      if (channels == 3) {
        for (int x = 0; x < width; x++) {
          row[3 * x] = line[3 * x + 2];
          row[3 * x + 1] = line[3 * x + 1];
          row[3 * x + 2] = line[3 * x];
        }
        rows[0] = row;
      }
      jpeg_write_scanlines(&info, rows, 1);
    }
    jpeg_finish_compress(&info);
    result = buffer;
    *size = bytes;
  }
  jpeg_destroy_compress(&info);
  free(row);
  return result;
}
