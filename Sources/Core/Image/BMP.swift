/// Windows bitmaps: 8 bits with a palette, 24 and 32 bits, uncompressed.
enum BMP {
  static func decode(_ bytes: UnsafeRawBufferPointer) throws -> Image {
    func short(_ at: Int) -> Int { Int(bytes[at]) | Int(bytes[at + 1]) << 8 }
    func long(_ at: Int) -> Int { Int(Int32(truncatingIfNeeded: short(at) | short(at + 2) << 16)) }
    guard bytes.count >= 54 else { throw ImageError("a BMP header is 54 bytes, found \(bytes.count)") }
    let (start, header, width, rows) = (long(10), long(14), long(18), long(22))
    let (bits, compression) = (short(28), long(30))
    let height = abs(rows)
    guard header >= 40, header <= 124, [8, 24, 32].contains(bits),
      compression == 0 || (compression == 3 && bits == 32)
    else {
      throw ImageError(
        "a BMP must be uncompressed with 8, 24 or 32 bits a pixel, found \(bits) bits, compression \(compression)",
        hint: "convert it to PNG")
    }
    if compression == 3 {
      guard bytes.count >= 66, long(54) == 0xFF0000, long(58) == 0xFF00, long(62) == 0xFF else {
        throw ImageError("a 32-bit BMP must hold its colours in the order B, G, R", hint: "convert it to PNG")
      }
    }
    guard width > 0, height > 0, width <= 1 << 20, height <= 1 << 20, width * height <= 1 << 30 else {
      throw ImageError("BMP sides must be 1...2^20 and 2^30 pixels in all, found \(width)x\(rows)")
    }
    let stride = (width * bits + 31) / 32 * 4
    guard start >= 14 + header, start <= bytes.count, bytes.count - start >= stride * height else {
      throw ImageError(
        "a \(width)x\(height) BMP needs \(stride * height) bytes of pixels, found \(max(0, bytes.count - start))"
      )
    }
    if bits == 8 { return try indexed(bytes, start, header, width, height, rows < 0, stride) }
    let channels = bits / 8
    return .makeBytes(width: width, height: height, channels: channels) { target in
      for y in 0..<height {
        let row = start + (rows < 0 ? y : height - 1 - y) * stride
        UnsafeMutableRawBufferPointer(start: target + y * width * channels, count: width * channels)
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[row..<row + width * channels]))
      }
    }
  }

  /// A palette of grays gives one channel, as OpenCV has it.
  private static func indexed(
    _ bytes: UnsafeRawBufferPointer, _ start: Int, _ header: Int, _ width: Int, _ height: Int,
    _ fromTop: Bool,
    _ stride: Int
  ) throws -> Image {
    let entries = min(256, (start - 14 - header) / 4)
    var table = [UInt8](repeating: 0, count: 1024)
    for i in 0..<4 * entries { table[i] = bytes[14 + header + i] }
    var gray = true
    for i in 0..<entries where table[4 * i] != table[4 * i + 1] || table[4 * i] != table[4 * i + 2] {
      gray = false
    }
    let channels = gray ? 1 : 3
    return .makeBytes(width: width, height: height, channels: channels) { target in
      for y in 0..<height {
        let row = start + (fromTop ? y : height - 1 - y) * stride
        for x in 0..<width {
          let color = 4 * Int(bytes[row + x])
          for c in 0..<channels { target[(y * width + x) * channels + c] = table[color + c] }
        }
      }
    }
  }
}
