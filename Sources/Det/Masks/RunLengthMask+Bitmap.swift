import CKernels

extension RunLengthMask {
  /// A mask of bytes, of which those that are not 0 belong to the object.
  /// - Parameter bitmap: `[height, width]`, row by row.
  public init(bitmap: [UInt8], height: Int, width: Int) {
    self.init(window: bitmap, width: width, left: 0, top: 0, pictureHeight: height, pictureWidth: width)
  }

  /// A mask of which only a window is given; the rest is background.
  /// - Parameters:
  ///   - window: `[window height, width]`, row by row.
  ///   - left: the window's first column in the picture; it lies inside.
  ///   - top: the window's first row.
  public init(
    window: [UInt8], width: Int, left: Int, top: Int, pictureHeight: Int, pictureWidth: Int
  ) {
    let height = width > 0 ? window.count / width : 0
    precondition(
      height * width == window.count && left >= 0 && top >= 0 && width >= 0 && left + width <= pictureWidth
        && top + height <= pictureHeight && pictureHeight * pictureWidth <= UInt32.max,
      "RunLengthMask.init: a window of \(window.count) bytes, \(width) a row, at (\(left), \(top)) must lie inside "
        + "\(pictureWidth)x\(pictureHeight)")
    var capacity = 1024
    while true {
      var count = 0
      let runs = [UInt32](unsafeUninitializedCapacity: capacity) { target, filled in
        guard let base = target.baseAddress else { return }
        count = mm_mask_encode(window, height, width, left, top, pictureHeight, pictureWidth, base, capacity)
        filled = min(count, capacity)
      }
      guard count > capacity else {
        self.init(height: pictureHeight, width: pictureWidth, runs: runs)
        return
      }
      capacity = count
    }
  }

  /// `[height, width]` bytes, 0 or 1, row by row.
  public var bitmap: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: height * width) { target, filled in
      guard let base = target.baseAddress else { return }
      mm_mask_decode(runs.count, runs, height, width, base)
      filled = height * width
    }
  }
}
