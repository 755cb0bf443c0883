// Masks of objects: runs of equal pixels, column by column, beginning with zeros; and bitmaps, row by row.
#pragma once
#include <stdint.h>

// Writes the runs of a window [window_height, window_width] of a picture that is zero elsewhere; the window lies inside.
// Returns how many runs there are; when that is more than `capacity`, only the first `capacity` are written.
long mm_mask_encode(const uint8_t *_Nonnull window, long window_height, long window_width, long left, long top,
                    long height, long width, uint32_t *_Nonnull runs, long capacity);
// Fills mask [height, width]. Runs beyond the picture are cut off, missing ones are zeros.
void mm_mask_decode(long count, const uint32_t *_Nonnull runs, long height, long width, uint8_t *_Nonnull mask);
// Pixels in both masks and in at least one of them. Ends with the shorter one.
void mm_mask_overlap(long n, const uint32_t *_Nonnull a, long m, const uint32_t *_Nonnull b,
                     uint64_t *_Nonnull intersection, uint64_t *_Nonnull joined);
// Averages a bitmap [height, width] over the out_height x out_width bins of box x1, y1, x2, y2: RoIAlign, aligned, with
// as many samples a bin as it has pixels. The box is finite and reaches less than a million pixels.
void mm_mask_align(const uint8_t *_Nonnull mask, long height, long width, const float *_Nonnull box, long out_height,
                   long out_width, float *_Nonnull out);
