import CKernels

/// A picture in memory: rows of pixels, each `channels` samples, dense and in this order (`height × width × channels`).
///
/// Colour images are BGR as OpenCV and mmcv keep them, unless an operation says otherwise. The samples are bytes
/// (0...255) or 32-bit floats; copies share them until one is changed.
public struct Image: Sendable, Equatable {
  /// The samples of an image.
  public enum Pixels: Sendable, Equatable {
    case u8([UInt8])
    case f32([Float])

    /// The number of samples.
    public var count: Int {
      switch self {
      case .u8(let samples): samples.count
      case .f32(let samples): samples.count
      }
    }
  }

  /// In pixels, at least 1.
  public let width, height: Int
  /// Samples a pixel: 1 (gray), 3 (BGR), 4 (BGRA), or 2 (gray and alpha, Pillow's unchanged reading only).
  public let channels: Int
  /// `[height, width, channels]`
  public var pixels: Pixels {
    didSet {
      precondition(
        pixels.count == width * height * channels,
        "Image.pixels: must keep \(width)x\(height)x\(channels) samples, found \(pixels.count)")
    }
  }

  /// An image of given samples.
  public init(width: Int, height: Int, channels: Int, pixels: Pixels) {
    precondition(
      width > 0 && height > 0 && (1...4).contains(channels),
      "Image.init: sides must be positive and channels 1...4, found \(width)x\(height)x\(channels)")
    precondition(
      pixels.count == width * height * channels,
      "Image.init: must be given \(width)x\(height)x\(channels) samples, found \(pixels.count)")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// An image of bytes.
  public init(width: Int, height: Int, channels: Int, bytes: [UInt8]) {
    self.init(width: width, height: height, channels: channels, pixels: .u8(bytes))
  }

  /// An image of floats.
  public init(width: Int, height: Int, channels: Int, floats: [Float]) {
    self.init(width: width, height: height, channels: channels, pixels: .f32(floats))
  }

  /// An image of bytes that are all `value`.
  public init(width: Int, height: Int, channels: Int = 3, filledWith value: UInt8 = 0) {
    self.init(
      width: width, height: height, channels: channels,
      pixels: .u8([UInt8](repeating: value, count: width * height * channels)))
  }

  /// The samples when they are bytes, else nil.
  public var bytes: [UInt8]? {
    if case .u8(let samples) = pixels { samples } else { nil }
  }

  /// The samples when they are floats, else nil.
  public var floats: [Float]? {
    if case .f32(let samples) = pixels { samples } else { nil }
  }

  /// Whether the samples are floats.
  public var isFloat: Bool {
    if case .f32 = pixels { true } else { false }
  }

  /// Samples in all.
  public var count: Int { width * height * channels }

  /// The same values as floats (mmcv's `to_float32`).
  public func toFloat() -> Image {
    guard case .u8(let samples) = pixels else { return self }
    return .makeFloats(width: width, height: height, channels: channels) {
      mm_image_u8_to_f32(samples, samples.count, $0)
    }
  }

  /// The same values as bytes: rounded (halves to even) and limited to 0...255.
  public func toBytes() -> Image {
    guard case .f32(let samples) = pixels else { return self }
    return .makeBytes(width: width, height: height, channels: channels) {
      mm_image_f32_to_u8(samples, samples.count, $0)
    }
  }
}
