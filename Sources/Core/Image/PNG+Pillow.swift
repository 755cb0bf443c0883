/// What Pillow makes of a PNG, and mmcv of that.
extension PNG.Stored {
  func asPillow(mode: ReadMode) throws -> Image {
    var image = image
    if !palette.isEmpty { return mode == .unchanged ? image : image.lookingUp(palette: palette) }
    if bitDepth < 8 {
      // One bit is a truth value when unchanged; two and four bits spread over 0...255.
      let scale: UInt8 = bitDepth == 1 ? (mode == .unchanged ? 1 : 255) : bitDepth == 2 ? 85 : 17
      image.withMutableBytes("asPillow") { for i in $0.indices { $0[i] &*= scale } }
      return image
    }
    if bitDepth == 16 {
      if image.channels == 1 {
        if mode == .unchanged { return image }
        // Pillow limits 16-bit gray to 255 where it has to become 8-bit.
        return image.toBytes()
      }
      image = image.highBytes()
      if image.channels == 2 {
        let color = image.expandingGrayAlpha()
        return mode == .unchanged ? color : color.droppingAlpha()
      }
    }
    switch image.channels {
    case 1: return image
    case 2: return mode == .unchanged ? image : image.overCanvas()
    default: return image.reversingColors()
    }
  }
}

extension Image {
  /// Indices into RGB triples to BGR; indices beyond the palette are black.
  func lookingUp(palette: [UInt8]) -> Image {
    var table = [UInt8](repeating: 0, count: 768)
    for entry in 0..<palette.count / 3 {
      for c in 0..<3 { table[3 * entry + c] = palette[3 * entry + 2 - c] }
    }
    let source = requireBytes("lookingUp")
    return .makeBytes(width: width, height: height, channels: 3) { target in
      for i in source.indices {
        let at = 3 * Int(source[i])
        target[3 * i] = table[at]
        target[3 * i + 1] = table[at + 1]
        target[3 * i + 2] = table[at + 2]
      }
    }
  }

  /// Samples of 16 bits, held as floats, to their upper bytes.
  func highBytes() -> Image {
    guard case .f32(let samples) = pixels else { return self }
    return .makeBytes(width: width, height: height, channels: channels) { target in
      for i in samples.indices { target[i] = UInt8(UInt16(samples[i]) >> 8) }
    }
  }

  /// Gray and alpha to four channels.
  func expandingGrayAlpha() -> Image {
    let source = requireBytes("expandingGrayAlpha")
    return .makeBytes(width: width, height: height, channels: 4) { target in
      for i in 0..<width * height {
        for c in 0..<3 { target[4 * i + c] = source[2 * i] }
        target[4 * i + 3] = source[2 * i + 1]
      }
    }
  }

  /// Gray and alpha laid over the colour that mmcv uses, (124, 117, 104) in RGB.
  func overCanvas() -> Image {
    let source = requireBytes("overCanvas")
    let canvas = [104, 117, 124]
    return .makeBytes(width: width, height: height, channels: 3) { target in
      for i in 0..<width * height {
        let (gray, alpha) = (Int(source[2 * i]), Int(source[2 * i + 1]))
        for c in 0..<3 {
          let blend = gray * alpha + canvas[c] * (255 - alpha) + 128
          target[3 * i + c] = UInt8(((blend >> 8) + blend) >> 8)
        }
      }
    }
  }
}
