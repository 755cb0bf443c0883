import Core

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
    self.init(
      height: pictureHeight, width: pictureWidth,
      runs: MaskKernels.encode(
        window: window, width: width, left: left, top: top, pictureHeight: pictureHeight,
        pictureWidth: pictureWidth))
  }

  /// `[height, width]` bytes, 0 or 1, row by row.
  public var bitmap: [UInt8] { MaskKernels.decode(runs, height: height, width: width) }
}
