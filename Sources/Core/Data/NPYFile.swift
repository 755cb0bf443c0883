import TorchFile

/// Arrays of numpy's own format (`numpy.save`).
public enum NPYFile {
  /// - Throws: `DataError` for anything but a dense array of plain little-endian numbers.
  public static func read(_ path: String) throws -> StoredTensor {
    let bytes = try DataFile.read(path)
    func fail(_ text: String) -> DataError { DataError("must be an array of numpy: \(text)", file: path) }
    guard bytes.count >= 12, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw fail("expected a file that begins with \\x93NUMPY")
    }
    let isLong = bytes[6] >= 2
    let start = isLong ? 12 : 10
    let length = (isLong ? 0..<4 : 0..<2).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    guard length <= bytes.count - start, length < 1 << 20 else {
      throw fail("its header must be \(length) bytes, found \(bytes.count - start)")
    }
    let header = String(decoding: bytes[start..<(start + length)], as: UTF8.self)
    func value(_ key: String) -> Substring? {
      guard let range = header.firstRange(of: "'\(key)':") else { return nil }
      return header[range.upperBound...].drop { $0 == " " }
    }
    let types: [String: ScalarType] = [
      "<f8": .float64, "<f4": .float32, "<f2": .float16, "<i8": .int64, "<i4": .int32, "<i2": .int16,
      "|i1": .int8,
      "|u1": .uint8, "|b1": .bool,
    ]
    let name = value("descr")?.dropFirst().prefix { $0 != "'" } ?? ""
    guard let type = types[String(name)] else {
      throw fail("its type must be of \(types.keys.sorted().joined(separator: ", ")), found '\(name)'")
    }
    guard value("fortran_order")?.hasPrefix("False") == true else {
      throw fail("its rows must be dense (fortran_order False)")
    }
    guard let text = value("shape"), text.first == "(", let end = text.firstIndex(of: ")") else {
      throw fail("it has no shape")
    }
    let sizes = text[text.index(after: text.startIndex)..<end].split(separator: ",").map { part in
      Int(part.filter { $0 != " " })
    }
    var count = 1
    let shape = try sizes.map { size -> Int in
      guard let size, (0...1 << 32).contains(size), size == 0 || count <= (1 << 40) / size else {
        throw fail("its shape must be whole numbers, found \(text[...end])")
      }
      count *= size
      return size
    }
    let body = start + length
    guard bytes.count - body == count * type.size else {
      throw fail("an array of shape \(shape) has \(count * type.size) bytes, found \(bytes.count - body)")
    }
    return StoredTensor(scalarType: type, shape: shape, bytes: Array(bytes[body...]))
  }
}
