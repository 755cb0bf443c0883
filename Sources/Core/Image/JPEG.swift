import Foundation
import CKernels

/// JPEG files through libjpeg. Its error exits end in C; here they are thrown errors.
enum JPEG {
  /// Decodes as OpenCV or Pillow would; data that end early are an error, as in both.
  static func decode(_ bytes: UnsafeRawBufferPointer, mode: ReadMode, backend: ImageBackend) throws -> (
    Image, Int
  ) {
    guard let base = bytes.baseAddress else { throw ImageError("must not be empty") }
    var message = [CChar](repeating: 0, count: Int(MM_IMAGE_MESSAGE))
    guard let jpeg = mm_jpeg_open(base.assumingMemoryBound(to: UInt8.self), bytes.count, &message) else {
      throw ImageError("not a readable JPEG: \(messageText(message))")
    }
    defer { mm_jpeg_close(jpeg) }
    var (width, height, components, adobe): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    var exif: UnsafePointer<UInt8>?
    var exifSize = 0
    mm_jpeg_info(jpeg, &width, &height, &components, &adobe, &exif, &exifSize)
    let orientation = exif.map { Orientation.read(UnsafeRawBufferPointer(start: $0, count: exifSize)) } ?? 1

    let layout: Int
    switch (backend, components) {
    case (.pillow, 4): layout = MM_JPEG_CMYK
    case (.pillow, 1): layout = MM_JPEG_GRAY
    case (.pillow, _): layout = MM_JPEG_BGR
    case (.cv2, _):
      layout = mode.isGray || (mode == .unchanged && components == 1) ? MM_JPEG_GRAY : MM_JPEG_BGR
    }
    let channels = layout == MM_JPEG_GRAY ? 1 : layout == MM_JPEG_CMYK ? 4 : 3
    let image = try Image.makeBytes(width: Int(width), height: Int(height), channels: channels) {
      if mm_jpeg_read(jpeg, Int32(layout), $0, &message) != 0 {
        throw ImageError("damaged JPEG: \(messageText(message))", hint: "the file may have been cut off")
      }
    }
    guard layout == MM_JPEG_CMYK else { return (image, orientation) }
    // Adobe's files hold the inks inverted.
    let inks = adobe != 0 ? image.inverted() : image
    return (mode == .unchanged ? inks.reversingColors() : inks.inkToBGR(), orientation)
  }

  /// Encodes gray or BGR bytes.
  static func encode(_ image: Image, quality: Int, progressive: Bool) throws -> [UInt8] {
    guard image.channels == 1 || image.channels == 3, case .u8(let samples) = image.pixels else {
      throw ImageError("must be 1 or 3 channels of bytes to become a JPEG, found \(image.kind)")
    }
    guard image.width <= 65500, image.height <= 65500 else {
      throw ImageError("sides must be at most 65500 pixels for JPEG, found \(image.width)x\(image.height)")
    }
    var message = [CChar](repeating: 0, count: Int(MM_IMAGE_MESSAGE))
    var size = 0
    let clamped = Int32(min(max(quality, 0), 100))
    guard
      let result = mm_jpeg_write(
        samples, Int32(image.width), Int32(image.height), Int32(image.channels), clamped, progressive ? 1 : 0,
        &size,
        &message)
    else { throw ImageError("the JPEG could not be made: \(messageText(message))") }
    defer { free(result) }
    return Array(UnsafeBufferPointer(start: result, count: size))
  }
}

/// A message that C left in a buffer.
func messageText(_ message: [CChar]) -> String {
  String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

extension Image {
  /// Words for messages: size, channels and sample kind.
  var kind: String { "\(width)x\(height)x\(channels) \(isFloat ? "floats" : "bytes")" }

  /// CMYK to BGR in Pillow's arithmetic.
  func inkToBGR() -> Image {
    let source = requireBytes("inkToBGR")
    return .makeBytes(width: width, height: height, channels: 3) { target in
      source.withUnsafeBufferPointer { source in
        for i in 0..<width * height {
          let light = 255 - Int(source[4 * i + 3])
          for c in 0..<3 {
            let product = Int(source[4 * i + c]) * light + 128
            target[3 * i + 2 - c] = UInt8(min(max(light - ((product >> 8) + product) >> 8, 0), 255))
          }
        }
      }
    }
  }
}
