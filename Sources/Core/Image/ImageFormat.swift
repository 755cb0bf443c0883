/// The kind of an image file, told from its first bytes and never from its name.
public enum ImageFormat: String, Sendable, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"
  case bmp = "BMP"
  case pnm = "PNM"
  case tiff = "TIFF"
  case webp = "WebP"
  case gif = "GIF"
  case jpeg2000 = "JPEG 2000"
  case heif = "HEIF"

  /// The formats that this package reads.
  public static let readable: [ImageFormat] = [.jpeg, .png, .bmp, .pnm]

  /// The format of `bytes`, or nil when none is recognised.
  public static func sniff(_ bytes: UnsafeRawBufferPointer) -> ImageFormat? {
    func starts(_ magic: [UInt8], at offset: Int = 0) -> Bool {
      bytes.count >= offset + magic.count && bytes[offset..<offset + magic.count].elementsEqual(magic)
    }
    if starts([0xFF, 0xD8, 0xFF]) { return .jpeg }
    if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
    if starts(Array("BM".utf8)), bytes.count >= 26 { return .bmp }
    if bytes.count >= 3, bytes[0] == UInt8(ascii: "P"), (0x31...0x36).contains(bytes[1]), bytes[2] <= 0x20 {
      return .pnm
    }
    if starts([0x49, 0x49, 0x2A, 0x00]) || starts([0x4D, 0x4D, 0x00, 0x2A]) { return .tiff }
    if starts(Array("RIFF".utf8)), starts(Array("WEBP".utf8), at: 8) { return .webp }
    if starts(Array("GIF8".utf8)) { return .gif }
    if starts([0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50, 0x20, 0x20]) || starts([0xFF, 0x4F, 0xFF, 0x51]) {
      return .jpeg2000
    }
    if starts(Array("ftyphei".utf8), at: 4) || starts(Array("ftypavif".utf8), at: 4) { return .heif }
    return nil
  }
}
