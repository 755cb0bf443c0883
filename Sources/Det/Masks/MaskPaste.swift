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
      masks.count == boxes.count * area,
      "MaskPaste.paste: \(boxes.count) masks of \(size), found \(masks.count) numbers")
    return concurrentMap(count: boxes.count) { index in
      let box = boxes[index]
      let left = pixel(box.x1.rounded(.down) - 1, width), right = pixel(box.x2.rounded(.up) + 1, width)
      let top = pixel(box.y1.rounded(.down) - 1, height), bottom = pixel(box.y2.rounded(.up) + 1, height)
      guard left < right, top < bottom else {
        return RunLengthMask(height: height, width: width, runs: [UInt32(height * width)])
      }
      let window = MaskKernels.paste(
        masks, index: index, size: size, box: [box.x1, box.y1, box.x2, box.y2], left: left, top: top,
        window: Pair(h: bottom - top, w: right - left), threshold: threshold)
      return RunLengthMask(
        window: window, width: right - left, left: left, top: top, pictureHeight: height, pictureWidth: width)
    }
  }

  /// A whole coordinate moved into 0...`most`; what is not a number goes to 0.
  private static func pixel(_ value: Float, _ most: Int) -> Int {
    value >= 0 ? Int(min(value, Float(most))) : 0
  }
}

extension MaskPaste {
  /// Gives detections their masks.
  ///
  /// - Parameters:
  ///   - masks: of all images' detections, one after the other.
  ///   - boxes: of the detections, in the network's input.
  static func addMasks(
    _ masks: MaskMerging, to found: [Detections], _ boxes: [Boxes], _ metas: [ImageMeta],
    _ config: RCNNTestConfig,
    rescale: Bool
  ) throws -> [Detections] {
    let (probabilities, area) = (masks.mean, masks.size.h * masks.size.w)
    var start = 0
    return try found.indices.map { image in
      var detections = found[image]
      let (meta, count) = (metas[image], found[image].count)
      let own = Array(probabilities[start * area..<(start + count) * area])
      start += count
      var (height, width) = (meta.originalShape[0], meta.originalShape[1])
      if !rescale {
        // As numpy rounds: halves to the even number.
        height = Int((Float(height) * meta.scaleFactor[1]).rounded(.toNearestOrEven))
        width = Int((Float(width) * meta.scaleFactor[0]).rounded(.toNearestOrEven))
      }
      detections.masks = paste(
        own, size: masks.size, boxes: rescale ? boxes[image].divided(by: meta.scaleFactor) : boxes[image],
        threshold: try config.requireMaskThreshold(), height: height, width: width)
      return detections
    }
  }

  /// The same for boxes of one original picture.
  static func addMasks(
    _ masks: MaskMerging, toOriginal found: Detections, _ meta: ImageMeta, _ config: RCNNTestConfig
  ) throws
    -> Detections
  {
    var detections = found
    detections.masks = paste(
      masks.mean, size: masks.size, boxes: found.boxes, threshold: try config.requireMaskThreshold(),
      height: meta.originalShape[0], width: meta.originalShape[1])
    return detections
  }
}

extension RCNNTestConfig {
  func requireMaskThreshold() throws -> Float {
    guard let maskThreshold else {
      throw InvalidConfig("test_cfg.rcnn must have a mask_thr_binary to predict masks")
    }
    return maskThreshold
  }
}
