import Core

/// The format of the MNIST files: a magic number, sizes, then bytes.
enum IDXFile {
  /// Reads an array of bytes with `axes` axes. `path` may lack the `.gz` of the file on disk.
  ///
  /// - Throws: `DataError` that says what is wrong with the file.
  static func read(_ path: String, axes: Int) throws -> (shape: [Int], bytes: [UInt8]) {
    let compressed = path + ".gz"
    let packed = !DataFile.exists(path) && DataFile.exists(compressed)
    guard packed || DataFile.exists(path) else {
      throw DataError("no such file, nor \(compressed); download the data set into this folder", file: path)
    }
    let file = packed ? compressed : path
    var bytes = try DataFile.read(file)
    if packed || bytes.starts(with: [0x1f, 0x8b]) { bytes = try Gzip.decompress(bytes, file: file) }
    guard bytes.count >= 4 * (axes + 1), bytes[0] == 0, bytes[1] == 0, bytes[2] == 8, bytes[3] == UInt8(axes)
    else {
      throw DataError(
        "must start with 00 00 08 0\(axes) (bytes on \(axes) axes), found \(bytes.prefix(4).map { String($0, radix: 16) }.joined(separator: " "))",
        file: file)
    }
    let shape = (1...axes).map { axis in
      bytes[(4 * axis)..<(4 * axis + 4)].reduce(0) { $0 << 8 | Int($1) }
    }
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow else { throw DataError("sizes overflow: \(shape)", file: file) }
      count = product
    }
    guard bytes.count - 4 * (axes + 1) == count else {
      throw DataError(
        "must hold \(count) bytes for sizes \(shape), found \(bytes.count - 4 * (axes + 1))", file: file)
    }
    return (shape, Array(bytes[(4 * (axes + 1))...]))
  }
}
