/// Little-endian fields of a byte array, bounds-checked.
struct ByteReader {
  let bytes: [UInt8]
  var position: Int
  let place: Place
  /// What to add to `position` to name a byte in an error.
  var base = 0

  init(_ bytes: [UInt8], _ place: Place, position: Int = 0, base: Int = 0) {
    (self.bytes, self.place, self.position, self.base) = (bytes, place, position, base)
  }

  var left: Int { bytes.count - position }

  mutating func require(_ count: Int) throws(TorchFileError) {
    if count < 0 || count > left {
      throw place.error(.truncated(needed: count, available: left), at: base + position)
    }
  }

  mutating func integer<T: FixedWidthInteger>(_: T.Type) throws(TorchFileError) -> T {
    try require(MemoryLayout<T>.size)
    var value: T = 0
    for i in 0..<MemoryLayout<T>.size {
      value |= T(truncatingIfNeeded: bytes[position + i]) << T(truncatingIfNeeded: 8 * i)
    }
    position += MemoryLayout<T>.size
    return value
  }

  mutating func take(_ count: Int) throws(TorchFileError) -> ArraySlice<UInt8> {
    try require(count)
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// A 64-bit size or offset; one that does not fit `Int` is an error.
  mutating func size64() throws(TorchFileError) -> Int {
    let start = position
    let value = try integer(UInt64.self)
    guard let size = Int(exactly: value) else {
      throw place.malformed("a size below 2^63", found: "\(value)", at: base + start)
    }
    return size
  }
}
