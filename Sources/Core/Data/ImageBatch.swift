/// Pictures of one size side by side, ready to become a tensor.
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

  /// `[N, C, H, W]`, channels innermost in memory.
  public var tensor: Tensor {
    Tensor(pixels, shape: [count, height, width, channels]).permuted([0, 3, 1, 2])
  }
}
