import Foundation

extension Image {
  /// This image as a JPEG file: 1 (gray) or 3 (BGR) channels of bytes.
  /// - Parameter quality: 0...100; OpenCV's default.
  public func jpegData(quality: Int = 95, progressive: Bool = false) throws -> [UInt8] {
    try JPEG.encode(self, quality: quality, progressive: progressive)
  }

  /// This image as a PNG file: 1 (gray), 3 (BGR) or 4 (BGRA) channels of bytes.
  /// - Parameters:
  ///   - palette: RGB triples; makes a palette image of 1 channel of indices, as label maps are kept.
  ///   - level: 0 (large) ... 9 (small).
  public func pngData(palette: [UInt8] = [], level: Int = 3) throws -> [UInt8] {
    try PNG.encode(self, palette: palette, level: level)
  }

  /// Writes this image to a file; the extension (`.jpg`, `.jpeg`, `.png`) says how. Missing folders are made, and a
  /// reader never sees half a file. Floats are rounded to bytes.
  public func write(path: String, quality: Int = 95) throws {
    let url = URL(fileURLWithPath: path)
    let image = toBytes()
    do {
      let data =
        switch url.pathExtension.lowercased() {
        case "jpg", "jpeg", "jpe": try image.jpegData(quality: quality)
        case "png": try image.pngData()
        default:
          throw ImageError(
            "the extension must be .jpg, .jpeg or .png to write an image, found '.\(url.pathExtension)'")
        }
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(data).write(to: url, options: .atomic)
    } catch var error as ImageError {
      error.path = path
      throw error
    } catch {
      throw ImageError(path: path, "must be writable, found \(error.localizedDescription)")
    }
  }
}
