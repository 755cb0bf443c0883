/// A piece of a config's text.
struct Token {
  enum Kind: Equatable {
    case name(String)
    case keyword(String)
    case int(Int)
    case float(Double)
    case string([StringPart])
    case symbol(String)
    case newline
    case indent
    case dedent
    case end
  }
  var kind: Kind
  /// Offset in the text.
  var at: Int

  static let keywords: Set<String> = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda",
    "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
  ]

  /// How an error names it.
  var text: String {
    switch kind {
    case .name(let name): "'\(name)'"
    case .keyword(let word): "'\(word)'"
    case .int(let value): "'\(value)'"
    case .float(let value): "'\(pythonRepr(value))'"
    case .string: "a string"
    case .symbol(let symbol): "'\(symbol)'"
    case .newline: "the end of the line"
    case .indent: "an indented line"
    case .dedent: "a less indented line"
    case .end: "the end of the file"
    }
  }
}

/// Part of a string literal.
enum StringPart: Equatable {
  case text(String)
  /// `{expression!conversion:spec}` of an f-string, the expression as a range of the source.
  case field(expression: Range<Int>, conversion: Character?, spec: [StringPart])
}
