import Core

/// Paints label maps over pictures. Mirrors the `show_result` of mmseg's segmentors.
public struct Overlay: Sendable {
  /// Red, green, blue of each class; others are black.
  public var palette: [[UInt8]]
  /// How much of the colours is seen, in 0...1.
  public var opacity: Double

  public init(palette: [[UInt8]], opacity: Double = 0.5) { (self.palette, self.opacity) = (palette, opacity) }

  /// - Parameter picture: three channels of bytes, of the label map's size.
  public func callAsFunction(_ labels: LabelMap, on picture: Image) -> Image {
    guard case .u8(var pixels) = picture.pixels, picture.channels == 3, picture.width == labels.width,
      picture.height == labels.height
    else {
      preconditionFailure(
        "Overlay: a picture of \(labels.height)x\(labels.width)x3 bytes, found "
          + "\(picture.height)x\(picture.width)x\(picture.channels)"
      )
    }
    // Both parts of each sum in the order of blue, green, red.
    let light = (0..<256).map { Double($0) * (1 - opacity) }
    var colors = [Double](repeating: 0, count: 256 * 3)
    for (label, color) in palette.prefix(256).enumerated() {
      for channel in 0..<3 { colors[label * 3 + channel] = Double(color[2 - channel]) * opacity }
    }
    for pixel in labels.labels.indices {
      let color = Int(labels.labels[pixel]) * 3
      for channel in 0..<3 {
        pixels[pixel * 3 + channel] = UInt8(light[Int(pixels[pixel * 3 + channel])] + colors[color + channel])
      }
    }
    return Image(width: picture.width, height: picture.height, channels: 3, bytes: pixels)
  }
}
