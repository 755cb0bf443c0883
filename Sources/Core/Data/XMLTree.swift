/// An element of an XML file with all that is in it; attributes are not kept.
///
/// For the annotations of data sets: no namespaces, no document types with declarations of their own (and so no entities
/// that grow), at most `depthLimit` elements inside one another.
public struct XMLTree: Sendable, Equatable {
  public var name: String
  /// The characters before the first child, as they stand in the file.
  public var text = ""
  public var children: [XMLTree] = []

  public init(name: String) { self.name = name }

  /// The first child of that name.
  public func first(_ name: String) -> XMLTree? { children.first { $0.name == name } }

  /// All children of that name.
  public func all(_ name: String) -> [XMLTree] { children.filter { $0.name == name } }

  public static let depthLimit = 64

  /// Reads a file in UTF-8.
  ///
  /// - Throws: `DataError` with file and line for anything but one well-formed element.
  public static func read(_ path: String) throws -> XMLTree {
    try parse(try DataFile.read(path, limit: 64 << 20), file: path)
  }

  /// - Parameter file: the name for messages.
  public static func parse(_ bytes: [UInt8], file: String) throws -> XMLTree {
    var parser = XMLParser(bytes: bytes, file: file)
    return try parser.document()
  }
}

/// Walks over the bytes of a document once.
private struct XMLParser {
  let bytes: [UInt8]
  let file: String
  var position = 0

  mutating func document() throws -> XMLTree {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    // Elements that are open, the innermost last.
    var open: [XMLTree] = []
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "<") else {
        let text = try characters()
        if open.isEmpty {
          guard text.allSatisfy(\.isWhitespace) else {
            throw error("an element, found text outside of elements")
          }
        } else if open[open.count - 1].children.isEmpty {
          open[open.count - 1].text += text
        }
        continue
      }
      if skip("<?") {
        try find("?>")
      } else if skip("<!--") {
        try find("-->")
      } else if skip("<![CDATA[") {
        let start = position
        try find("]]>")
        guard !open.isEmpty else { throw error("an element, found text outside of elements") }
        if open[open.count - 1].children.isEmpty {
          open[open.count - 1].text += try string(start..<(position - 3))
        }
      } else if skip("<!DOCTYPE") {
        let start = position
        try find(">")
        guard !bytes[start..<position].contains(UInt8(ascii: "[")) else {
          throw error("a document type without declarations")
        }
      } else if skip("</") {
        let name = try self.name()
        skipSpace()
        guard skip(">"), let element = open.popLast(), element.name == name else {
          throw error("an end tag that matches its start tag, found '</\(name)'")
        }
        guard !open.isEmpty else { return try end(element) }
        open[open.count - 1].children.append(element)
      } else {
        position += 1
        let element = XMLTree(name: try name())
        if try attributes() {
          guard !open.isEmpty else { return try end(element) }
          open[open.count - 1].children.append(element)
        } else {
          guard open.count < XMLTree.depthLimit else {
            throw error("at most \(XMLTree.depthLimit) elements inside one another")
          }
          open.append(element)
        }
      }
    }
    throw error(
      open.last.map { "an end tag '</\($0.name)>', found the end of the file" } ?? "an element, found nothing"
    )
  }

  /// Checks that nothing but comments follows.
  private mutating func end(_ root: XMLTree) throws -> XMLTree {
    while position < bytes.count {
      if skip("<!--") {
        try find("-->")
      } else if skip("<?") {
        try find("?>")
      } else {
        guard Self.isSpace(bytes[position]) else { throw error("nothing after the outermost element") }
        position += 1
      }
    }
    return root
  }

  /// Reads to the end of a start tag; true for `<name/>`.
  private mutating func attributes() throws -> Bool {
    while true {
      skipSpace()
      if skip("/>") { return true }
      if skip(">") { return false }
      _ = try name()
      skipSpace()
      guard skip("=") else { throw error("'=' behind the name of an attribute") }
      skipSpace()
      guard position < bytes.count,
        bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'")
      else { throw error("the value of an attribute in quotation marks") }
      let quote = bytes[position]
      guard let close = bytes[(position + 1)...].firstIndex(of: quote) else {
        throw error("the end of an attribute's value, found the end of the file")
      }
      position = close + 1
    }
  }

  private mutating func name() throws -> String {
    let start = position
    while position < bytes.count, Self.isName(bytes[position]) { position += 1 }
    guard position > start else { throw error("a name") }
    return try string(start..<position)
  }

  /// Character data up to the next tag.
  private mutating func characters() throws -> String {
    var text = ""
    var start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
      guard bytes[position] == UInt8(ascii: "&") else {
        position += 1
        continue
      }
      text += try string(start..<position)
      guard let close = bytes[position...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
        throw error("'&' to begin a reference such as '&amp;'")
      }
      text.unicodeScalars.append(try reference(try string((position + 1)..<close)))
      (position, start) = (close + 1, close + 1)
    }
    return text + (try string(start..<position))
  }

  private func reference(_ name: String) throws -> Unicode.Scalar {
    switch name {
    case "amp": return "&"
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    default:
      let number =
        name.hasPrefix("#x")
        ? UInt32(name.dropFirst(2), radix: 16)
        : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
      guard let number, let scalar = Unicode.Scalar(number) else {
        throw error("one of the references amp, lt, gt, quot, apos or a number, found '&\(name);'")
      }
      return scalar
    }
  }

  private func string(_ range: Range<Int>) throws -> String {
    guard let text = String(validating: bytes[range], as: UTF8.self) else { throw error("text in UTF-8") }
    return text
  }

  private mutating func skip(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    for offset in 0..<count where bytes[position + offset] != text.utf8Start[offset] { return false }
    position += count
    return true
  }

  /// Moves behind the next occurrence of `text`.
  private mutating func find(_ text: StaticString) throws {
    while position < bytes.count {
      if skip(text) { return }
      position += 1
    }
    throw error("'\(text)', found the end of the file")
  }

  private mutating func skipSpace() {
    while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

  /// All but space and the characters that have a meaning in tags.
  private static func isName(_ byte: UInt8) -> Bool {
    !isSpace(byte) && !"<>/=\"'&".utf8.contains(byte)
  }

  private func error(_ expected: String) -> DataError {
    let line = bytes.prefix(position).reduce(1) { $0 + ($1 == 10 ? 1 : 0) }
    return DataError("must be XML: expected \(expected)", file: file, line: line)
  }
}
