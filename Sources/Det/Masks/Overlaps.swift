import Core

/// A box as COCO files have it, in 64 bits: upper left corner, then sides, in pixels.
public struct COCOBox: Sendable, Equatable {
  public var x, y, width, height: Double

  public init(x: Double, y: Double, width: Double, height: Double) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  public var area: Double { width * height }

  /// Intersection over union, with pycocotools' order of operations.
  /// - Parameter isCrowd: whether `truth` is a crowd, of which any part may be matched: then over the area of this
  ///   box.
  public func overlap(_ truth: COCOBox, isCrowd: Bool) -> Double {
    let w = min(width + x, truth.width + truth.x) - max(x, truth.x)
    if w <= 0 { return 0 }
    let h = min(height + y, truth.height + truth.y) - max(y, truth.y)
    if h <= 0 { return 0 }
    let intersection = w * h
    let union = isCrowd ? area : area + truth.area - intersection
    return intersection / union
  }
}

extension RunLengthMask {
  /// The box around the object.
  public var cocoBox: COCOBox {
    let box = box
    return COCOBox(x: box.x, y: box.y, width: box.width, height: box.height)
  }

  /// Intersection over union, or, with a crowd, over the area of this mask; -1 for masks of different sizes whose
  /// boxes overlap.
  public func overlap(_ truth: RunLengthMask, isCrowd: Bool = false) -> Double {
    guard cocoBox.overlap(truth.cocoBox, isCrowd: isCrowd) > 0 else { return 0 }
    return pixelOverlap(truth, isCrowd: isCrowd)
  }

  /// ``overlap(_:isCrowd:)`` of masks whose boxes are known to overlap.
  func pixelOverlap(_ truth: RunLengthMask, isCrowd: Bool) -> Double {
    guard height == truth.height, width == truth.width else { return -1 }
    let (intersection, union) = MaskKernels.overlap(runs, truth.runs)
    if intersection == 0 { return 0 }
    return Double(intersection) / (isCrowd ? Double(area) : Double(union))
  }
}
