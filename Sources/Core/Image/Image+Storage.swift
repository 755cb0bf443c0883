import CKernels

/// How the operations on images reach samples: straight to the kernels, one closure a call, none a pixel.
extension Image {
  /// The size of one pixel in memory.
  var pixelBytes: Int { channels * (isFloat ? MemoryLayout<Float>.size : 1) }

  /// Runs `body` with the first byte of the samples, whatever their kind.
  func withRawPixels<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    func run(_ raw: UnsafeRawBufferPointer) -> Result {
      guard let base = raw.baseAddress else {
        preconditionFailure("Image.withRawPixels: an image is never empty")
      }
      return body(base.assumingMemoryBound(to: UInt8.self))
    }
    switch pixels {
    case .u8(let samples): return samples.withUnsafeBytes(run)
    case .f32(let samples): return samples.withUnsafeBytes(run)
    }
  }

  /// An image of this one's kind and channels whose memory `fill` writes completely.
  func like(width: Int, height: Int, fill: (UnsafeMutablePointer<UInt8>) -> Void) -> Image {
    let total = width * height * channels
    switch pixels {
    case .u8:
      return .makeBytes(width: width, height: height, channels: channels, fill: fill)
    case .f32:
      let samples = [Float](unsafeUninitializedCapacity: total) { target, filled in
        if let base = target.baseAddress {
          UnsafeMutableRawPointer(base).withMemoryRebound(to: UInt8.self, capacity: total * 4) { fill($0) }
        }
        filled = total
      }
      return Image(width: width, height: height, channels: channels, floats: samples)
    }
  }

  /// An image of bytes whose memory `fill` writes completely.
  static func makeBytes(
    width: Int, height: Int, channels: Int, fill: (UnsafeMutablePointer<UInt8>) throws -> Void
  ) rethrows -> Image {
    let total = width * height * channels
    let samples = try [UInt8](unsafeUninitializedCapacity: total) { target, filled in
      if let base = target.baseAddress { try fill(base) }
      filled = total
    }
    return Image(width: width, height: height, channels: channels, bytes: samples)
  }

  /// An image of floats whose memory `fill` writes completely.
  static func makeFloats(
    width: Int, height: Int, channels: Int, fill: (UnsafeMutablePointer<Float>) throws -> Void
  ) rethrows -> Image {
    let total = width * height * channels
    let samples = try [Float](unsafeUninitializedCapacity: total) { target, filled in
      if let base = target.baseAddress { try fill(base) }
      filled = total
    }
    return Image(width: width, height: height, channels: channels, floats: samples)
  }

  /// Changes the bytes in place, without a copy when nobody else holds them.
  mutating func withMutableBytes(_ operation: String, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
    guard case .u8(var samples) = pixels else {
      preconditionFailure("Image.\(operation): must be an image of bytes, found floats")
    }
    self = Image(emptied: self)
    samples.withUnsafeMutableBufferPointer { body($0) }
    self = Image(width: width, height: height, channels: channels, bytes: samples)
  }

  /// A stand-in of the same size that holds no samples, so that these can be changed in place.
  private init(emptied image: Image) {
    (width, height, channels, pixels) = (image.width, image.height, image.channels, .u8([]))
  }

  /// The bytes, for operations that have no meaning on floats.
  func requireBytes(_ operation: String) -> [UInt8] {
    guard case .u8(let samples) = pixels else {
      preconditionFailure("Image.\(operation): must be an image of bytes, found floats")
    }
    return samples
  }
}
