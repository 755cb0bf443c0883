/// A dtype of numpy: kind, size and byte order.
struct NumpyType {
  enum Kind: UInt8 {
    case float = 0x66
    case signed = 0x69
    case unsigned = 0x75
    case bool = 0x62
    case text = 0x55
    case bytes = 0x53
  }

  var kind: Kind
  /// Bytes per element.
  var size: Int
  var isBigEndian = false

  /// - Parameter code: numpy's type string without the order: `f8`, `i4`, `b1`, `U5`.
  /// - Returns: `nil` for the types that are not read: complex numbers, objects, records, times.
  init?(code: String) {
    var bytes = code.utf8[...]
    if let order = bytes.first,
      order == UInt8(ascii: "<") || order == UInt8(ascii: ">") || order == UInt8(ascii: "|")
    {
      isBigEndian = order == UInt8(ascii: ">")
      bytes.removeFirst()
    }
    guard let first = bytes.popFirst(), let kind = Kind(rawValue: first), let size = Int(Substring(bytes)),
      size >= 0, size < 1 << 40
    else { return nil }
    switch kind {
    case .float: if ![2, 4, 8].contains(size) { return nil }
    case .signed, .unsigned: if ![1, 2, 4, 8].contains(size) { return nil }
    case .bool: if size != 1 { return nil }
    case .text, .bytes: break
    }
    (self.kind, self.size) = (kind, kind == .text ? 4 * size : size)
  }

  /// The type its arrays become; unsigned integers widen.
  var scalarType: ScalarType? {
    switch (kind, size) {
    case (.float, 2): .float16
    case (.float, 4): .float32
    case (.float, 8): .float64
    case (.signed, 1): .int8
    case (.signed, 2): .int16
    case (.signed, 4): .int32
    case (.signed, 8): .int64
    case (.unsigned, 1): .uint8
    case (.unsigned, 2): .int32
    case (.unsigned, 4), (.unsigned, 8): .int64
    case (.bool, 1): .bool
    default: nil
    }
  }

  /// The value of one element, or `nil` if the bytes are not one.
  func scalar(_ bytes: [UInt8]) -> PickleItem? {
    guard bytes.count == size else { return nil }
    let ordered = isBigEndian ? bytes.reversed() : bytes
    func bits() -> UInt64 { ordered.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    switch (kind, size) {
    case (.float, 2), (.float, 4), (.float, 8):
      guard let type = scalarType else { return nil }
      return .float(StoredTensor(scalarType: type, shape: [], bytes: ordered).asFloat64()[0])
    case (.signed, _):
      let shift = UInt64(64 - 8 * size)
      return .int(Int(Int64(bitPattern: bits() << shift) >> Int64(shift)))
    case (.unsigned, _): return Int(exactly: bits()).map { .int($0) } ?? .big(ordered + [0])
    case (.bool, _): return .bool(bytes[0] != 0)
    case (.bytes, _): return .bytes(bytes)
    case (.text, _): return text(bytes).map { .string($0) }
    default: return nil
    }
  }

  /// UTF-32 text, padded with zeros.
  private func text(_ bytes: [UInt8]) -> String? {
    var scalars = String.UnicodeScalarView()
    for start in Swift.stride(from: 0, to: bytes.count / 4 * 4, by: 4) {
      let four = bytes[start..<start + 4]
      let code = (isBigEndian ? [UInt8](four) : four.reversed()).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      guard let scalar = Unicode.Scalar(code) else { return nil }
      scalars.append(scalar)
    }
    while scalars.last == "\0" { scalars.removeLast() }
    return String(scalars)
  }
}

/// An array of numpy as its pickle states it: bytes that hold exactly `count` elements.
struct NumpyArray {
  var type: NumpyType
  var shape: [Int]
  /// Column-major.
  var isFortran: Bool
  var bytes: [UInt8]

  /// Strides in elements.
  var strides: [Int] {
    var strides = [Int](repeating: 0, count: shape.count)
    var step = 1
    for axis in isFortran ? Array(shape.indices) : shape.indices.reversed() {
      strides[axis] = step
      step *= max(shape[axis], 1)
    }
    return strides
  }
}
