import CKernels
import Foundation

/// PNG files through libpng. Its error exits end in C; here they are thrown errors.
enum PNG {
  /// What a file holds, before anything is converted.
  struct Stored {
    /// Samples as stored: RGB(A) order, palette indices; 16-bit samples as floats.
    var image: Image
    /// RGB triples, empty without a palette.
    var palette: [UInt8]
    /// 1, 2, 4, 8 or 16.
    var bitDepth: Int
    var orientation: Int
  }

  /// Decodes as OpenCV would.
  static func decode(_ bytes: UnsafeRawBufferPointer, mode: ReadMode) throws -> (Image, Int) {
    let layout = mode == .unchanged ? MM_PNG_UNCHANGED : mode.isGray ? MM_PNG_GRAY : MM_PNG_BGR
    let stored = try read(bytes, layout: layout)
    return (stored.image, stored.orientation)
  }

  /// Decodes the samples as they are stored.
  static func stored(_ bytes: UnsafeRawBufferPointer) throws -> Stored {
    try read(bytes, layout: MM_PNG_STORED)
  }

  private static func read(_ bytes: UnsafeRawBufferPointer, layout: Int) throws -> Stored {
    guard let base = bytes.baseAddress else { throw ImageError("must not be empty") }
    var message = [CChar](repeating: 0, count: Int(MM_IMAGE_MESSAGE))
    guard let png = mm_png_open(base.assumingMemoryBound(to: UInt8.self), bytes.count, &message) else {
      throw ImageError("not a readable PNG: \(messageText(message))")
    }
    defer { mm_png_close(png) }
    var (width, height, channels, sample, depth, palette): (Int32, Int32, Int32, Int32, Int32, Int32) =
      (0, 0, 0, 0, 0, 0)
    mm_png_info(png, Int32(layout), &width, &height, &channels, &sample, &depth, &palette)
    func fill(_ target: UnsafeMutablePointer<UInt8>) throws {
      if mm_png_read(png, Int32(layout), target, &message) != 0 {
        throw ImageError("damaged PNG: \(messageText(message))", hint: "the file may have been cut off")
      }
    }
    let image: Image
    if sample == 1 {
      image = try .makeBytes(width: Int(width), height: Int(height), channels: Int(channels), fill: fill)
    } else {
      let total = Int(width) * Int(height) * Int(channels)
      let samples = try [UInt16](unsafeUninitializedCapacity: total) { target, filled in
        if let base = target.baseAddress {
          try UnsafeMutableRawPointer(base).withMemoryRebound(to: UInt8.self, capacity: 2 * total) {
            try fill($0)
          }
        }
        filled = total
      }
      image = Image(
        width: Int(width), height: Int(height), channels: Int(channels), floats: samples.map { Float($0) })
    }
    var exifSize = 0
    let exif = mm_png_exif(png, &exifSize)
    let orientation = exif.map { Orientation.read(UnsafeRawBufferPointer(start: $0, count: exifSize)) } ?? 1
    var colors = [UInt8]()
    if palette != 0 {
      var room = [UInt8](repeating: 0, count: 3 * 256)
      let entries = Int(mm_png_palette(png, &room))
      colors = Array(room[..<(3 * entries)])
    }
    return Stored(image: image, palette: colors, bitDepth: Int(depth), orientation: orientation)
  }

  /// Encodes gray, BGR or BGRA bytes; with a palette (RGB triples), indices into it.
  static func encode(_ image: Image, palette: [UInt8], level: Int) throws -> [UInt8] {
    guard image.channels != 2, case .u8(let samples) = image.pixels else {
      throw ImageError("must be 1, 3 or 4 channels of bytes to become a PNG, found \(image.kind)")
    }
    if !palette.isEmpty {
      guard image.channels == 1, palette.count % 3 == 0, palette.count <= 768 else {
        throw ImageError(
          "a palette must be 1...256 RGB triples for a 1-channel image, found \(palette.count) bytes, \(image.kind)"
        )
      }
      if let high = samples.max(), Int(high) >= palette.count / 3 {
        throw ImageError("indices must be below the palette's \(palette.count / 3) colours, found \(high)")
      }
    }
    var message = [CChar](repeating: 0, count: Int(MM_IMAGE_MESSAGE))
    var size = 0
    guard
      let result = mm_png_write(
        samples, Int32(image.width), Int32(image.height), Int32(image.channels), palette,
        Int32(palette.count / 3),
        Int32(min(max(level, 0), 9)), &size, &message)
    else { throw ImageError("the PNG could not be made: \(messageText(message))") }
    defer { free(result) }
    return Array(UnsafeBufferPointer(start: result, count: size))
  }
}
