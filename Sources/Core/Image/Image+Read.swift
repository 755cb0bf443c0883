import CKernels
import Foundation

extension Image {
  /// Files larger than this are refused unread.
  static let maxFileSize = 1 << 31

  /// Reads a picture from a file: mmcv's `imread`. What the file is comes from its content, not from its name.
  ///
  /// - Returns: bytes (floats for 16-bit samples in an unchanged read), colours in `order`.
  /// - Throws: ``ImageError`` with the path when the file is missing, damaged or of a kind that is not read.
  public static func read(
    path: String, mode: ReadMode = .color, backend: ImageBackend = .cv2, order: ChannelOrder = .bgr
  ) throws -> Image {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      let missing = access(path, F_OK) != 0
      throw ImageError(
        path: path,
        missing
          ? "must exist, found nothing" : "must be a readable file, found \(String(cString: strerror(errno)))"
      )
    }
    guard data.count <= maxFileSize else {
      throw ImageError(path: path, "must be at most \(maxFileSize) bytes, found \(data.count)")
    }
    do {
      return try data.withUnsafeBytes { try decode($0, mode: mode, backend: backend, order: order) }
    } catch var error as ImageError {
      error.path = path
      throw error
    }
  }

  /// Reads a picture from bytes: mmcv's `imfrombytes`.
  public static func decode(
    bytes: some ContiguousBytes, mode: ReadMode = .color, backend: ImageBackend = .cv2,
    order: ChannelOrder = .bgr
  ) throws -> Image {
    try bytes.withUnsafeBytes { try decode($0, mode: mode, backend: backend, order: order) }
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, mode: ReadMode, backend: ImageBackend, order: ChannelOrder
  ) throws -> Image {
    guard !bytes.isEmpty else { throw ImageError("must be an image, found no bytes") }
    let found = ImageFormat.sniff(bytes)
    var image: Image
    let orientation: Int
    switch (found, backend) {
    case (.jpeg, _):
      (image, orientation) = try JPEG.decode(bytes, mode: mode, backend: backend)
    case (.png, .cv2):
      (image, orientation) = try PNG.decode(bytes, mode: mode)
    case (.png, .pillow):
      let stored = try PNG.stored(bytes)
      (image, orientation) = (try stored.asPillow(mode: mode), stored.orientation)
    case (.bmp, _):
      (image, orientation) = (try BMP.decode(bytes), 1)
    case (.pnm, _):
      (image, orientation) = (try PNM.decode(bytes), 1)
    default:
      let names = ImageFormat.readable.map(\.rawValue).joined(separator: ", ")
      let start = bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: " ")
      throw ImageError(
        "must be one of \(names), found \(found.map(\.rawValue) ?? "bytes \(start)")",
        hint: "convert the file first")
    }
    if mode.isTurned, orientation != 1 { image = image.turned(orientation: orientation) }
    image = backend == .pillow ? image.pillowColors(mode: mode) : image.cv2Colors(mode: mode)
    // OpenCV reorders colour reads only; mmcv's Pillow path keeps unchanged reads BGR too.
    let reorder = order == .rgb && !mode.isGray && mode != .unchanged
    return reorder ? image.reversingColors() : image
  }

  /// The channels that `mode` asks for, from an image whose decoder did not know.
  private func cv2Colors(mode: ReadMode) -> Image {
    switch (mode.isGray, channels) {
    case (true, 3...): isFloat ? self : codecGray()
    case (false, 1) where mode != .unchanged: grayToBGR()
    case (false, 4) where mode != .unchanged: droppingAlpha()
    default: self
    }
  }

  private func pillowColors(mode: ReadMode) -> Image {
    if mode == .unchanged { return self }
    let color = channels == 1 ? grayToBGR() : channels == 4 ? droppingAlpha() : self
    return mode.isGray ? color.pillowGray() : color
  }

  /// An image turned upright.
  /// - Parameter orientation: EXIF's value, 1...8.
  public func turned(orientation: Int) -> Image {
    let swaps = orientation >= 5
    return like(width: swaps ? height : width, height: swaps ? width : height) { target in
      withRawPixels {
        mm_image_orient($0, Int32(width), Int32(height), Int32(pixelBytes), Int32(orientation), target)
      }
    }
  }
}
