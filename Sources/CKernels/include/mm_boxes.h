// Boxes on the host: x1, y1, x2, y2 one after the other.
#pragma once
#include <stdint.h>

// Intersection over union, intersection over the first box, and the generalised form of the former.
typedef enum { MM_OVERLAP_IOU, MM_OVERLAP_IOF, MM_OVERLAP_GIOU } mm_overlap;

// out [m, n]: how much the boxes a [m] and b [n] overlap; unions count as at least eps. Rounded operation by operation,
// in the order of the definition, so that equal overlaps are equal to the bit.
void mm_box_overlaps(mm_overlap mode, float eps, long m, const float *_Nonnull a, long n, const float *_Nonnull b,
                     float *_Nonnull out);

// For each box of b the largest intersection over union with one of a (m > 0) and which that is, the first of equals;
// and the same for each box of a. Where `ignored` is set, all overlaps count as -1.
void mm_box_match(float eps, long m, const float *_Nonnull a, long n, const float *_Nonnull b,
                  const uint8_t *_Nullable ignored, float *_Nonnull best, int32_t *_Nonnull which,
                  float *_Nonnull row_best, int32_t *_Nonnull row_which);

// which[j] = i for the last i with row_best[i] >= least whose overlap with b[j] is row_best[i]; else it stays.
void mm_box_match_best(float eps, long m, const float *_Nonnull a, long n, const float *_Nonnull b,
                       const uint8_t *_Nullable ignored, const float *_Nonnull row_best, float least,
                       int32_t *_Nonnull which);

// Greedy suppression of boxes in order of score: keep[i] is 0 where a kept earlier box overlaps box i by more than the
// threshold. Sides are `offset` longer than the difference of their ends.
void mm_box_suppress(long n, const float *_Nonnull boxes, float threshold, float offset, uint8_t *_Nonnull keep);
