/// What shapes are painted on: the bytes of an image, one colour and its opacity. Everything is cut at the edges.
struct Canvas {
  let samples: UnsafeMutableBufferPointer<UInt8>
  let width, height, channels: Int
  let color: [UInt8]
  /// 0...256
  let weight: Int

  /// Paints pixels `from...to` of row `y`.
  func span(from: Int, to: Int, y: Int) {
    guard y >= 0, y < height else { return }
    let (first, last) = (max(from, 0), min(to, width - 1))
    guard first <= last else { return }
    for x in first...last {
      let at = (y * width + x) * channels
      for c in 0..<channels {
        let old = Int(samples[at + c])
        samples[at + c] = UInt8(old + ((Int(color[c]) - old) * weight + 128) >> 8)
      }
    }
  }
}

extension Image {
  /// Runs `body` with a canvas over this image's bytes.
  mutating func paint(_ operation: String, _ color: [UInt8], opacity: Double = 1, _ body: (Canvas) -> Void) {
    precondition(
      color.count == channels,
      "Image.\(operation): the colour must have \(channels) values, found \(color.count)")
    let (width, height, channels) = (width, height, channels)
    let weight = Int((min(max(opacity, 0), 1) * 256).rounded())
    withMutableBytes(operation) {
      body(
        Canvas(
          samples: $0, width: width, height: height, channels: channels, color: color, weight: weight))
    }
  }
}
