extension Image {
  /// The largest picture that a transform makes, in pixels.
  public static let maxPixels = 1 << 28

  /// `resized`, for sizes and pictures that come from files.
  ///
  /// - Throws: `DataError` where the picture would be too large, or the backend does not take it.
  public func resized(
    width: Int, height: Int, _ interpolation: Interpolation, _ backend: ImageBackend, of file: SampleFile?,
    by transform: String
  ) throws -> Image {
    guard width <= Self.maxPixels / height else {
      throw DataError(
        "\(transform): an image of at most \(Self.maxPixels) pixels, found \(height)x\(width)",
        file: file?.path)
    }
    guard backend == .cv2 || (!isFloat && channels != 2) else {
      throw DataError(
        "\(transform): the pillow backend takes 8-bit images of 1, 3 or 4 channels, found "
          + "\(isFloat ? "floats" : "\(channels) channels"); leave to_float32 out or use backend='cv2'",
        file: file?.path)
    }
    return resized(width: width, height: height, interpolation: interpolation, backend: backend)
  }

  /// - Throws: `DataError` unless borders of these widths and this colour can be put around the picture.
  public func checkPadding(
    left: Int = 0, top: Int = 0, right: Int = 0, bottom: Int = 0, value: [Double], of file: SampleFile?,
    by transform: String
  ) throws {
    let (wide, high) = (left + width + right, top + height + bottom)
    guard wide <= Self.maxPixels / high else {
      throw DataError(
        "\(transform): an image of at most \(Self.maxPixels) pixels, found \(high)x\(wide)", file: file?.path)
    }
    guard value.count == 1 || value.count == channels else {
      throw DataError(
        "\(transform): pad_val must be 1 or \(channels) numbers, found \(value.count)", file: file?.path)
    }
  }
}

extension Sample {
  /// Puts a changed picture in place and notes its shape.
  public mutating func replaceImage(_ image: Image) {
    self.image = image
    meta.imageShape = [image.height, image.width, image.channels]
  }
}
