import Core

/// MATLAB's files of level 5, as far as annotations of data sets need them: structures of numbers and texts.
///
/// MathWorks, "MAT-File Level 5 File Format". All sizes are checked against the bytes that there are.
struct MATFile {
  /// An array of a file.
  indirect enum Value: Equatable {
    case numbers([Double])
    case text(String)
    /// A value for each field, for each element of a structure array.
    case records(fields: [String], [[Value]])
    /// A kind of array that is not read.
    case other
  }

  private(set) var variables: [String: Value] = [:]

  /// - Throws: `DataError` that says what is wrong with the file.
  init(path: String) throws { try self.init(DataFile.read(path, limit: 1 << 30), file: path) }

  init(_ bytes: [UInt8], file: String) throws {
    guard bytes.count >= 128, bytes[126] == UInt8(ascii: "I"), bytes[127] == UInt8(ascii: "M") else {
      throw DataError("must be a MATLAB file of level 5 with the lowest byte first", file: file)
    }
    var reader = MATReader(bytes: bytes[128...], file: file)
    while let (kind, content) = try reader.element() {
      var inner = MATReader(bytes: content, file: file)
      if kind == MATReader.compressed {
        inner = MATReader(
          bytes: try Gzip.decompress(Array(content), limit: 1 << 30, file: file)[...], file: file)
        guard let (kind, content) = try inner.element(), kind == MATReader.matrix else { continue }
        inner = MATReader(bytes: content, file: file)
      } else if kind != MATReader.matrix {
        continue
      }
      let (name, value) = try inner.array(depth: 0)
      variables[name] = value
    }
  }
}

/// Walks over the elements of a part of a file: type, size, content.
private struct MATReader {
  static let matrix = 14, compressed = 15
  var bytes: ArraySlice<UInt8>
  let file: String

  private func error(_ text: String) -> DataError { DataError("must be a MATLAB file: \(text)", file: file) }

  private func word(_ offset: Int) -> Int {
    (0..<4).reduce(0) { $0 | Int(bytes[bytes.startIndex + offset + $1]) << (8 * $1) }
  }

  /// The next element; `nil` at the end.
  mutating func element() throws -> (kind: Int, content: ArraySlice<UInt8>)? {
    if bytes.isEmpty { return nil }
    guard bytes.count >= 8 else { throw error("an element of 8 bytes or more, found \(bytes.count)") }
    let (first, size) = (word(0), word(4))
    if first >> 16 != 0 {
      // Up to four bytes sit in the tag itself.
      guard first >> 16 <= 4 else { throw error("a small element of at most 4 bytes, found \(first >> 16)") }
      let content = bytes.dropFirst(4).prefix(first >> 16)
      bytes = bytes.dropFirst(8)
      return (first & 0xffff, content)
    }
    guard size <= bytes.count - 8 else {
      throw error("an element of \(size) bytes, found \(bytes.count - 8)")
    }
    let content = bytes.dropFirst(8).prefix(size)
    bytes = bytes.dropFirst(8 + (first == Self.compressed ? size : min((size + 7) / 8 * 8, bytes.count - 8)))
    return (first, content)
  }

  private mutating func next(_ what: String) throws -> (kind: Int, content: ArraySlice<UInt8>) {
    guard let found = try element() else { throw error("\(what), found the end of an array") }
    return found
  }

  /// The content of a matrix element.
  mutating func array(depth: Int) throws -> (name: String, value: MATFile.Value) {
    // An empty matrix may have no content at all.
    if bytes.isEmpty { return ("", .numbers([])) }
    guard depth < 8 else { throw error("at most 8 arrays inside one another") }
    let flags = try next("flags").content
    guard flags.count >= 8, let kind = flags.first else {
      throw error("8 bytes of flags, found \(flags.count)")
    }
    let sizes = try numbers(try next("sizes"))
    let name = String(decoding: try next("a name").content, as: UTF8.self)
    switch kind {
    case 2: return (name, try records(sizes, depth))
    case 4:
      let codes = try numbers(try next("characters"))
      var text = ""
      for code in codes {
        guard (0..<0x11_0000).contains(code), let scalar = Unicode.Scalar(UInt32(code)) else {
          throw error("characters, found \(code)")
        }
        text.unicodeScalars.append(scalar)
      }
      return (name, .text(text))
    case 6...15: return (name, .numbers(try numbers(try next("numbers"))))
    default: return (name, .other)
    }
  }

  private mutating func records(_ sizes: [Double], _ depth: Int) throws -> MATFile.Value {
    let count = sizes.reduce(1, *)
    guard count >= 0, count <= Double(bytes.count) else {
      throw error("no more records than bytes, found \(count)")
    }
    guard let length = try numbers(try next("the length of names")).first, length > 0, length <= 256 else {
      throw error("names of 1 to 256 bytes")
    }
    let names = Array(try next("names").content)
    let fields = stride(from: 0, to: names.count / Int(length) * Int(length), by: Int(length)).map { start in
      String(decoding: names[start..<(start + Int(length))].prefix { $0 != 0 }, as: UTF8.self)
    }
    guard Int(count) == 0 || fields.count > 0 else { throw error("records with fields") }
    let file = file
    return .records(
      fields: fields,
      try (0..<Int(count)).map { _ in
        try fields.map { field in
          let (kind, content) = try next("field '\(field)'")
          guard kind == Self.matrix else { throw error("an array in field '\(field)'") }
          var inner = MATReader(bytes: content, file: file)
          return try inner.array(depth: depth + 1).value
        }
      })
  }

  /// Numbers of any of the format's types.
  private func numbers(_ element: (kind: Int, content: ArraySlice<UInt8>)) throws -> [Double] {
    let bytes = Array(element.content)
    func read<Word: FixedWidthInteger>(_ type: Word.Type) -> [Word] {
      let size = MemoryLayout<Word>.size
      return stride(from: 0, to: bytes.count / size * size, by: size).map { start in
        (0..<size).reduce(Word(0)) {
          $0 | Word(truncatingIfNeeded: UInt64(bytes[start + $1]) << UInt64(8 * $1))
        }
      }
    }
    switch element.kind {
    case 1: return read(Int8.self).map(Double.init)
    case 2, 16: return read(UInt8.self).map(Double.init)
    case 3: return read(Int16.self).map(Double.init)
    case 4, 17: return read(UInt16.self).map(Double.init)
    case 5: return read(Int32.self).map(Double.init)
    case 6, 18: return read(UInt32.self).map(Double.init)
    case 7: return read(UInt32.self).map { Double(Float(bitPattern: $0)) }
    case 9: return read(UInt64.self).map { Double(bitPattern: $0) }
    case 12: return read(Int64.self).map(Double.init)
    case 13: return read(UInt64.self).map(Double.init)
    default: throw error("numbers, found an element of type \(element.kind)")
    }
  }
}
