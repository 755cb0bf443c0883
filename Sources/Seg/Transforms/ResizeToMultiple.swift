import Core

/// Enlarges picture and label map to multiples of a number. Mirrors mmseg's `ResizeToMultiple`.
public struct ResizeToMultiple: Transform, ConfigRecord {
  public var divisor: Int
  public var interpolation: Interpolation

  public init(from reader: inout ConfigReader) throws {
    divisor = try reader.value("size_divisor", default: 32)
    guard (1...65536).contains(divisor) else {
      throw reader.invalid("must be in 1...65536, found \(divisor)", key: "size_divisor")
    }
    interpolation = try reader.optional("interpolation") ?? .bilinear
    guard interpolation.exists(in: .cv2) else {
      throw reader.invalid(
        "must be nearest, bilinear, bicubic, area or lanczos, found '\(interpolation.rawValue)'",
        key: "interpolation")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try enlarged(try sample.requireImage("ResizeToMultiple"), interpolation, sample.file)
    sample.image = image
    let shape = [image.height, image.width, image.channels]
    (sample.meta.imageShape, sample.meta.padShape) = (shape, shape)
    if let labels = sample.labels { sample.labels = try enlarged(labels, .nearest, sample.labelFile) }
    return true
  }

  private func enlarged(_ image: Image, _ interpolation: Interpolation, _ file: SampleFile?) throws -> Image {
    func side(_ length: Int) -> Int { (length + divisor - 1) / divisor * divisor }
    return try image.resized(
      width: side(image.width), height: side(image.height), interpolation, .cv2, of: file,
      by: "ResizeToMultiple")
  }
}
