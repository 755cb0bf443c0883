import CKernels
import Core

/// What a mask head predicted, as masks of the picture.
enum MaskPaste {
  /// Stretches each mask over its box and keeps the pixels whose probability reaches the threshold.
  ///
  /// Pixels further than one from the box are not looked at, as in mmdet's `_do_paste_mask` on a CPU.
  ///
  /// - Parameters:
  ///   - masks: probabilities, `[boxes, size.h, size.w]`.
  ///   - threshold: `mask_thr_binary`; below 0 all pixels of at least 1/255 count.
  static func paste(
    _ masks: [Float], size: Pair, boxes: Boxes, threshold: Float, height: Int, width: Int
  ) -> [RunLengthMask] {
    let area = size.h * size.w
    precondition(
      masks.count == boxes.count * area, "MaskPaste.paste: \(boxes.count) masks of \(size), found \(masks.count) numbers")
    return concurrentMap(count: boxes.count) { index in
      let box = boxes[index]
      let left = pixel(box.x1.rounded(.down) - 1, width), right = pixel(box.x2.rounded(.up) + 1, width)
      let top = pixel(box.y1.rounded(.down) - 1, height), bottom = pixel(box.y2.rounded(.up) + 1, height)
      guard left < right, top < bottom else { return RunLengthMask(height: height, width: width, runs: [UInt32(height * width)]) }
      let count = (right - left) * (bottom - top)
      let window = [UInt8](unsafeUninitializedCapacity: count) { target, filled in
        guard let base = target.baseAddress else { return }
        masks.withUnsafeBufferPointer { masks in
          guard let first = masks.baseAddress else { return }
          mm_mask_paste(
            first + index * area, size.h, size.w, [box.x1, box.y1, box.x2, box.y2], left, top, right - left,
            bottom - top, threshold, base)
        }
        filled = count
      }
      return RunLengthMask(
        window: window, width: right - left, left: left, top: top, pictureHeight: height, pictureWidth: width)
    }
  }

  /// A whole coordinate moved into 0...`most`; what is not a number goes to 0.
  private static func pixel(_ value: Float, _ most: Int) -> Int { value >= 0 ? Int(min(value, Float(most))) : 0 }
}
