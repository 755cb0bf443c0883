/// Portable graymaps and pixmaps (P2, P3, P5, P6) with samples up to 255.
enum PNM {
  static func decode(_ bytes: UnsafeRawBufferPointer) throws -> Image {
    var scanner = Scanner(bytes: bytes, at: 2)
    let kind = Int(bytes[1]) - 0x30
    guard [2, 3, 5, 6].contains(kind) else {
      throw ImageError("a PNM must be P2, P3, P5 or P6, found P\(kind)", hint: "convert it to PNG")
    }
    let width = try scanner.number("width")
    let height = try scanner.number("height")
    let limit = try scanner.number("maximum")
    guard limit == 255 else { throw ImageError("a PNM's maximum must be 255, found \(limit)") }
    guard (1...1 << 20).contains(width), (1...1 << 20).contains(height), width * height <= 1 << 30 else {
      throw ImageError("PNM sides must be 1...2^20 and 2^30 pixels in all, found \(width)x\(height)")
    }
    let channels = kind == 3 || kind == 6 ? 3 : 1
    let count = width * height * channels
    let start = scanner.at + 1
    // Written as text, a sample takes two bytes at least.
    let room = kind >= 5 ? bytes.count - start : (bytes.count - scanner.at) / 2 + 1
    guard room >= count else {
      throw ImageError("a PNM needs \(count) samples, found at most \(max(0, room))")
    }
    let image = try Image.makeBytes(width: width, height: height, channels: channels) { target in
      if kind >= 5 {
        UnsafeMutableRawBufferPointer(start: target, count: count)
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
      } else {
        for i in 0..<count {
          let value = try scanner.number("sample")
          guard value <= 255 else { throw ImageError("a PNM sample must be at most 255, found \(value)") }
          target[i] = UInt8(value)
        }
      }
    }
    return channels == 3 ? image.reversingColors() : image
  }

  /// Decimal numbers between blanks and `#` comments.
  private struct Scanner {
    let bytes: UnsafeRawBufferPointer
    var at: Int

    mutating func number(_ what: String) throws -> Int {
      while at < bytes.count, bytes[at] <= 0x20 || bytes[at] == UInt8(ascii: "#") {
        if bytes[at] == UInt8(ascii: "#") {
          while at < bytes.count, bytes[at] != 0x0A { at += 1 }
        } else {
          at += 1
        }
      }
      var value = 0
      let start = at
      while at < bytes.count, (0x30...0x39).contains(bytes[at]), value < 1 << 24 {
        value = value * 10 + Int(bytes[at]) - 0x30
        at += 1
      }
      guard at > start else {
        throw ImageError("a PNM \(what) must be a number, found something else at byte \(at)")
      }
      return value
    }
  }
}
