/// Pictures side by side, ready to become a tensor.
public struct ImageBatch: Sendable {
  /// `count × height × width × channels`, row by row.
  public var pixels: [Float]
  public var count, height, width, channels: Int

  /// Joins the pictures of samples; they must be of one size.
  ///
  /// - Throws: `DataError` that names the file whose size differs.
  public init(_ samples: [Sample]) throws {
    guard let first = samples.first else { throw DataError("ImageBatch: at least one sample") }
    let image = try first.requireImage("Collect")
    (count, height, width, channels) = (samples.count, image.height, image.width, image.channels)
    let size = image.count
    for sample in samples.dropFirst() {
      let other = try sample.requireImage("Collect")
      guard other.height == height, other.width == width, other.channels == channels else {
        throw DataError(
          "images of a batch must have one size; this one is \(other.height)x\(other.width)x\(other.channels), "
            + "\(first.file?.path ?? "the first") is \(height)x\(width)x\(channels); resize or crop in the pipeline, or use a batch of 1",
          file: sample.file?.path)
      }
    }
    pixels = [Float](unsafeUninitializedCapacity: samples.count * size) { target, filled in
      guard let base = target.baseAddress else { return }
      for (index, sample) in samples.enumerated() {
        switch sample.image?.pixels {
        case .f32(let values): (base + index * size).update(from: values, count: size)
        case .u8(let bytes): for i in 0..<size { base[index * size + i] = Float(bytes[i]) }
        case nil: (base + index * size).update(repeating: 0, count: size)
        }
      }
      filled = samples.count * size
    }
  }

  /// Joins the pictures of samples; smaller ones grow at the right and the bottom to the size of the largest.
  ///
  /// - Parameter value: of the pixels that are added.
  /// - Throws: `DataError` that names the file whose number of channels differs, or that makes the batch too large.
  public init(_ samples: [Sample], paddingWith value: Float) throws {
    guard let first = samples.first else { throw DataError("ImageBatch: at least one sample") }
    let images = try samples.map { try $0.requireImage("Collect") }
    (count, channels) = (images.count, images[0].channels)
    (height, width) = (images.map(\.height).max() ?? 0, images.map(\.width).max() ?? 0)
    for (sample, image) in zip(samples, images) where image.channels != channels {
      throw DataError(
        "images of a batch must have as many channels, found \(image.channels) here and \(channels) in "
          + "\(first.file?.path ?? "the first")", file: sample.file?.path)
    }
    guard width <= Image.maxPixels / height / count else {
      throw DataError(
        "a batch of at most \(Image.maxPixels) pixels, found \(count) pictures in \(height)x\(width)",
        file: first.file?.path)
    }
    let (row, total) = (width * channels, count * height * width * channels)
    let (height, channels) = (height, channels)
    pixels = [Float](unsafeUninitializedCapacity: total) { target, filled in
      filled = total
      guard let base = target.baseAddress else { return }
      for (index, image) in images.enumerated() {
        let used = image.width * channels
        for y in 0..<height {
          let line = base + (index * height + y) * row
          guard y < image.height else {
            line.update(repeating: value, count: row)
            continue
          }
          switch image.pixels {
          case .f32(let values):
            values.withUnsafeBufferPointer { source in
              if let start = source.baseAddress { line.update(from: start + y * used, count: used) }
            }
          case .u8(let bytes): for x in 0..<used { line[x] = Float(bytes[y * used + x]) }
          }
          (line + used).update(repeating: value, count: row - used)
        }
      }
    }
  }

  /// `[N, C, H, W]`, channels innermost in memory.
  public var tensor: Tensor {
    Tensor(pixels, shape: [count, height, width, channels]).permuted([0, 3, 1, 2])
  }
}
