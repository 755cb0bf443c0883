import OrderedCollections

/// Python source that reads back to the same values: an assignment a key, broken at 79 columns.
///
/// The layout is that of mmcv's `pretty_text`, which yapf's pep8 style gives: what fits stands on one line; a `dict`
/// goes on after its bracket, in one line or an argument a line; other items fill lines below their bracket.
enum PythonDump {
  static func text(of node: ConfigNode) -> String {
    guard let dictionary = node.dictionary else { return pythonRepr(node) + "\n" }
    guard dictionary.entries.keys.allSatisfy(isIdentifier) else { return pythonRepr(node) + "\n" }
    var writer = PythonWriter()
    for (key, value) in dictionary.entries {
      writer.put(key + " = ")
      writer.write(PythonPiece(value), indent: 0, tail: 0)
      writer.put("\n")
    }
    return writer.text
  }

  /// Whether `name=` can stand in a call and at the start of a line.
  static func isIdentifier(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, first == "_" || first.properties.isXIDStart else {
      return false
    }
    return name.unicodeScalars.allSatisfy { $0.properties.isXIDContinue } && !Token.keywords.contains(name)
  }
}

/// A value, or a key with its value, measured for layout.
struct PythonPiece {
  enum Kind {
    case atom
    /// What follows `dict(`.
    case call([PythonPiece])
    /// Items between brackets; `isDisplay` where the closing bracket may stand on a line of its own.
    case items([PythonPiece], isDisplay: Bool)
  }
  /// `name=` or `'key': `.
  var label = ""
  let open: String
  let close: String
  let kind: Kind
  /// The piece on one line, label included.
  private(set) var line: String

  /// A list of plain values, or a display of entries.
  var isPlainList: Bool {
    guard case .items(let items, true) = kind, open == "[" else { return false }
    return items.allSatisfy { if case .atom = $0.kind { true } else { false } }
  }

  var holdsDictionaries: Bool {
    if case .items(let items, true) = kind {
      return items.contains { if case .call = $0.kind { true } else { false } }
    }
    return false
  }

  /// - Parameter isPlain: dictionaries stand as `{...}`; so they do in lists that don't hold dictionaries only.
  init(_ node: ConfigNode, label: String = "", isPlain: Bool = false) {
    self.label = label
    var children: [PythonPiece] = []
    switch node.value {
    case .dictionary(let dictionary):
      let isCall =
        !isPlain && dictionary.integerKeys.isEmpty
        && dictionary.entries.keys.allSatisfy(PythonDump.isIdentifier)
      for (key, value) in dictionary.entries {
        let label = isCall ? key + "=" : pythonRepr(key: key, in: dictionary) + ": "
        children.append(PythonPiece(value, label: label, isPlain: isPlain))
      }
      if isCall {
        (open, close, kind) = ("dict(", ")", .call(children))
      } else {
        let (open, close) = isPlain ? ("{", "}") : ("dict({", "})")
        (self.open, self.close, kind) = (open, close, .items(children, isDisplay: true))
      }
    case .list(let items):
      let isPlain = isPlain || !items.allSatisfy { $0.dictionary != nil }
      children = items.map { PythonPiece($0, isPlain: isPlain) }
      (open, close, kind) = ("[", "]", .items(children, isDisplay: true))
    case .tuple(let items):
      children = items.map { PythonPiece($0, isPlain: true) }
      (open, close, kind) = ("(", items.count == 1 ? ", )" : ")", .items(children, isDisplay: false))
    case .none, .bool, .int, .float, .string: (open, close, kind) = (pythonRepr(node), "", .atom)
    }
    line = label + open + children.map(\.line).joined(separator: ", ") + close
  }
}

/// Lays pieces out within the columns.
private struct PythonWriter {
  static let columns = 79
  private(set) var text = ""
  private var column = 0

  mutating func put(_ part: String) {
    text += part
    if let newline = part.lastIndex(of: "\n") {
      column = part[part.index(after: newline)...].count
    } else {
      column += part.count
    }
  }

  private mutating func breakLine(_ indent: Int) { put("\n" + String(repeating: " ", count: indent)) }

  /// Writes a piece that starts at the current column; `indent` is that of its line, `tail` the number of brackets
  /// and commas that must follow it on its last line.
  mutating func write(_ piece: PythonPiece, indent: Int, tail: Int) {
    if column + piece.line.count + tail <= Self.columns {
      put(piece.line)
      return
    }
    let isNested = text.last != " " || indent > 0
    if case .atom = piece.kind, piece.label.hasSuffix("="), isNested {
      // A text that is too long for its line goes below its name.
      put(piece.label)
      breakLine(indent)
      put(piece.open)
      if tail > 1, column + tail > Self.columns { breakLine(max(0, indent - 4)) }
      return
    }
    put(piece.label + piece.open)
    switch piece.kind {
    case .atom: return
    case .call(let children):
      let arguments = children.map(\.line).joined(separator: ", ").count
      if children.count == 1, children[0].holdsDictionaries {
        write(children[0], indent: indent, tail: tail + 1)
      } else if isNested, column + arguments + 2 <= Self.columns {
        fill(children, tail: tail + 1)
      } else {
        writeLines(children, indent: indent + 4, tail: tail + 1)
      }
      put(piece.close)
    case .items(let children, _):
      if piece.isPlainList {
        breakLine(indent + 4)
        fill(children, tail: 0)
        breakLine(indent)
      } else if piece.holdsDictionaries || piece.open.hasSuffix("{") {
        writeLines(children, indent: indent + 4, tail: 0)
        breakLine(indent)
      } else {
        fill(children, tail: tail + piece.close.count)
      }
      put(piece.close)
    }
  }

  /// All pieces on the next line, or each on one of its own.
  private mutating func writeLines(_ pieces: [PythonPiece], indent: Int, tail: Int) {
    let whole = pieces.map(\.line).joined(separator: ", ")
    if indent + whole.count + tail <= Self.columns {
      breakLine(indent)
      put(whole)
      return
    }
    if indent + whole.count + 1 <= Self.columns {
      // Only what follows the closing bracket doesn't fit.
      breakLine(indent)
      fill(pieces, tail: tail)
      return
    }
    for (index, piece) in pieces.enumerated() {
      breakLine(indent)
      let isLast = index == pieces.count - 1
      write(piece, indent: indent, tail: isLast ? tail : 1)
      if !isLast { put(",") }
    }
  }

  /// As many pieces a line as fit, below the first one.
  private mutating func fill(_ pieces: [PythonPiece], tail: Int) {
    let left = column
    for (index, piece) in pieces.enumerated() {
      let isLast = index == pieces.count - 1
      if index > 0 {
        if column + 1 + piece.line.count + (isLast ? tail : 1) <= Self.columns {
          put(" ")
        } else {
          breakLine(left)
        }
      }
      write(piece, indent: left, tail: isLast ? tail : 1)
      if !isLast { put(",") }
    }
  }
}
