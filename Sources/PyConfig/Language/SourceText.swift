import Foundation

/// The text of a config after the replacing of `{{ fileDirname }}` and its like, able to tell where a byte came from.
struct SourceText {
  let name: String
  /// UTF-8.
  let bytes: [UInt8]
  /// Bytes of the file.
  private let length: Int
  /// Offsets of the file's bytes that don't start a character.
  private let continuations: [Int]
  private let lineStarts: [Int]
  /// Replacements in order: where they lie in `bytes`, and in the file.
  private let replacements: [(new: Range<Int>, old: Range<Int>)]

  init(_ text: String, name: String, variables: [String: String] = [:]) {
    let original = Array(text.utf8)
    var bytes: [UInt8] = [], replacements: [(new: Range<Int>, old: Range<Int>)] = []
    var position = 0, copied = 0
    while !variables.isEmpty, position + 3 < original.count {
      guard let (end, word) = SourceText.placeholder(in: original, at: position),
        let value = variables[word]
      else {
        position += 1
        continue
      }
      bytes += original[copied..<position]
      replacements.append((bytes.count..<bytes.count + value.utf8.count, position..<end))
      bytes += value.utf8
      (position, copied) = (end, end)
    }
    bytes += original[copied...]
    var starts = [0]
    for (index, byte) in original.enumerated() where byte == 10 { starts.append(index + 1) }
    continuations = original.indices.filter { original[$0] & 0xC0 == 0x80 }
    (self.name, length, self.bytes) = (name, original.count, bytes)
    (self.replacements, lineStarts) = (replacements, starts)
  }

  /// The word of a `{{ word }}` that starts at `start`, and where the text goes on; a word is of `[A-Za-z0-9_.]`.
  static func placeholder(in bytes: [UInt8], at start: Int) -> (end: Int, word: String)? {
    guard start + 1 < bytes.count, bytes[start] == 123, bytes[start + 1] == 123 else { return nil }
    func skipBlanks(_ i: inout Int) {
      while i < bytes.count, bytes[i] == 32 || (9...13).contains(bytes[i]) { i += 1 }
    }
    var i = start + 2
    skipBlanks(&i)
    let first = i
    while i < bytes.count, bytes[i] == 46 || bytes[i] == 95 || isLetterOrDigit(bytes[i]) { i += 1 }
    let word = first..<i
    guard !word.isEmpty else { return nil }
    skipBlanks(&i)
    guard i + 1 < bytes.count, bytes[i] == 125, bytes[i + 1] == 125 else { return nil }
    return (i + 2, String(decoding: bytes[word], as: UTF8.self))
  }

  /// The path of a `{{ _base_.path }}` that starts at `start`, and where the text goes on.
  static func basePlaceholder(in bytes: [UInt8], at start: Int) -> (end: Int, path: String)? {
    guard let (end, word) = placeholder(in: bytes, at: start), word.hasPrefix("_base_."), word.utf8.count > 7
    else { return nil }
    return (end, String(word.dropFirst(7)))
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte >= 128
  }

  /// Where the byte at `offset` came from; columns count characters from 1.
  func location(_ offset: Int) -> SourceLocation {
    var old = offset
    // The first replacement that ends after the offset, and the one before it.
    let next = Self.search(replacements.count) { replacements[$0].new.upperBound > offset }
    if next < replacements.count, replacements[next].new.lowerBound <= offset {
      old = replacements[next].old.lowerBound
    } else if next > 0 {
      old = offset - replacements[next - 1].new.upperBound + replacements[next - 1].old.upperBound
    }
    old = min(max(0, old), length)
    let low = Self.search(lineStarts.count) { lineStarts[$0] > old } - 1
    func continued(before end: Int) -> Int { Self.search(continuations.count) { continuations[$0] >= end } }
    let column = old - lineStarts[low] - (continued(before: old) - continued(before: lineStarts[low]))
    return SourceLocation(file: name, line: low + 1, column: column + 1)
  }

  /// The first index of `0..<count` for which a condition holds that goes on holding, or `count`.
  private static func search(_ count: Int, _ holds: (Int) -> Bool) -> Int {
    var low = 0, high = count
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
