// Predicted masks put into pictures.
#pragma once
#include <stdint.h>

// A mask [height, width] of probabilities stretched over box x1, y1, x2, y2 and read at the pixels of a window, whose
// first pixel is (left, top): 1 where the probability reaches the threshold. Bilinear, with zeros around the mask.
// With a negative threshold, 1 where 255 times the probability reaches 1.
void mm_mask_paste(const float *_Nonnull mask, long height, long width, const float *_Nonnull box, long left, long top,
                   long window_width, long window_height, float threshold, uint8_t *_Nonnull window);
