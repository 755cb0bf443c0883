import CKernels

/// Work on masks of objects on the host that takes time.
///
/// Bitmaps are `[height, width]` bytes, row by row. Runs count equal pixels column by column, beginning with zeros.
public enum MaskKernels {
  /// The runs of a window, whose first pixel is `(left, top)`, in a picture that is zero elsewhere.
  ///
  /// - Precondition: the window lies inside the picture, which has at most 2³² pixels.
  public static func encode(
    window: [UInt8], width: Int, left: Int, top: Int, pictureHeight: Int, pictureWidth: Int
  ) -> [UInt32] {
    let height = width > 0 ? window.count / width : 0
    precondition(
      height * width == window.count && left >= 0 && top >= 0 && width >= 0 && left + width <= pictureWidth
        && top + height <= pictureHeight && pictureHeight * pictureWidth <= UInt32.max,
      "MaskKernels.encode: a window of \(window.count) bytes, \(width) a row, at (\(left), \(top)) must lie inside "
        + "\(pictureWidth)x\(pictureHeight)")
    var capacity = 1024
    while true {
      var count = 0
      let runs = [UInt32](unsafeUninitializedCapacity: capacity) { target, filled in
        guard let base = target.baseAddress else { return }
        count = mm_mask_encode(window, height, width, left, top, pictureHeight, pictureWidth, base, capacity)
        filled = min(count, capacity)
      }
      if count <= capacity { return runs }
      capacity = count
    }
  }

  /// The bitmap of runs. What they leave out is zero, what goes beyond the picture is cut off.
  public static func decode(_ runs: [UInt32], height: Int, width: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: height * width) { target, filled in
      guard let base = target.baseAddress else { return }
      mm_mask_decode(runs.count, runs, height, width, base)
      filled = height * width
    }
  }

  /// Pixels in both masks, and in at least one of them.
  public static func overlap(_ a: [UInt32], _ b: [UInt32]) -> (intersection: UInt64, union: UInt64) {
    var (intersection, union): (UInt64, UInt64) = (0, 0)
    mm_mask_overlap(a.count, a, b.count, b, &intersection, &union)
    return (intersection, union)
  }

  /// Averages of a bitmap over the bins of a box: aligned RoIAlign, with as many samples a bin as it has pixels.
  ///
  /// - Parameter box: `x1, y1, x2, y2`, finite and less than a million pixels from the origin.
  /// - Returns: `[outHeight, outWidth]`
  public static func align(
    _ bitmap: [UInt8], height: Int, width: Int, box: [Float], outHeight: Int, outWidth: Int
  ) -> [Float] {
    precondition(
      bitmap.count == height * width && box.count == 4 && box.allSatisfy { abs($0) < 1e6 },
      "MaskKernels.align: \(height)x\(width) bytes and a box in reach, found \(bitmap.count) bytes and \(box)"
    )
    return [Float](unsafeUninitializedCapacity: outHeight * outWidth) { target, filled in
      guard let base = target.baseAddress else { return }
      mm_mask_align(bitmap, height, width, box, outHeight, outWidth, base)
      filled = outHeight * outWidth
    }
  }

  /// A mask of probabilities stretched over a box and read, bilinearly, at the pixels of a window.
  ///
  /// - Parameters:
  ///   - masks: probabilities, `[N, size.h, size.w]`, of which `index` is taken.
  ///   - window: its first pixel is `(left, top)`.
  ///   - threshold: pixels that reach it are 1; below 0 all of at least 1/255 are.
  public static func paste(
    _ masks: [Float], index: Int, size: Pair, box: [Float], left: Int, top: Int, window: Pair,
    threshold: Float
  ) -> [UInt8] {
    let area = size.h * size.w
    precondition(
      index >= 0 && (index + 1) * area <= masks.count && box.count == 4,
      "MaskKernels.paste: mask \(index) of \(size) must be among \(masks.count) numbers")
    return [UInt8](unsafeUninitializedCapacity: window.h * window.w) { target, filled in
      guard let base = target.baseAddress else { return }
      masks.withUnsafeBufferPointer { masks in
        guard let first = masks.baseAddress else { return }
        mm_mask_paste(
          first + index * area, size.h, size.w, box, left, top, window.w, window.h, threshold, base)
      }
      filled = window.h * window.w
    }
  }
}
