import Core
import Foundation
import PyConfig
import TorchFile

/// A `class_weight`: a list of numbers, or the name of a `.npy`, `.pkl`, `.json` or `.yaml` file with such a list.
enum ClassWeights {
  static func read(_ reader: inout ConfigReader, key: String = "class_weight") throws -> [Float]? {
    guard let node = reader.node(key), !node.isNone else { return nil }
    guard let file = node.string else { return try [Float](from: node, at: reader.path(key)) }
    do {
      return try load(file)
    } catch {
      throw reader.invalid("\(error)", key: key)
    }
  }

  /// As a tensor `[classes]`.
  static func tensor(_ weights: [Float]?, for scores: Tensor, _ loss: StaticString) throws -> Tensor? {
    guard let weights else { return nil }
    guard weights.count == scores.shape[1] else {
      throw InvalidConfig(
        "\(loss): class_weight must have one entry for each of \(scores.shape[1]) classes, found \(weights.count)"
      )
    }
    return Tensor(weights)
  }

  private static func load(_ path: String) throws -> [Float] {
    if path.hasSuffix(".pkl") {
      let value = try TorchFile.readPickle(path: path)
      if let tensor = value.tensor { return tensor.asFloat32() }
      guard let items = value.elements else {
        throw DataError("must hold a list of numbers, found \(value.summary)", file: path)
      }
      return try items.map {
        guard let number = $0.double else {
          throw DataError("must hold numbers, found \($0.summary)", file: path)
        }
        return Float(number)
      }
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DataError("cannot be read", file: path)
    }
    if path.hasSuffix(".npy") { return try numpy([UInt8](data), path) }
    let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
    // A YAML list of one number a line, or a list in brackets, which JSON and YAML write alike.
    let isBlock = !lines.isEmpty && lines.allSatisfy { $0.hasPrefix("- ") }
    let text =
      isBlock
      ? "[" + lines.map { $0.dropFirst(2) }.joined(separator: ", ") + "]" : lines.joined(separator: " ")
    guard let values = try? JSONDecoder().decode([Double].self, from: Data(text.utf8)) else {
      throw DataError("must hold a list of numbers", file: path)
    }
    return values.map { Float($0) }
  }

  /// NumPy's file format, for one axis of floating-point numbers.
  private static func numpy(_ bytes: [UInt8], _ path: String) throws -> [Float] {
    func fail(_ text: String) -> DataError { DataError(text, file: path) }
    guard bytes.count > 12, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw fail("is not a NumPy file")
    }
    let isLong = bytes[6] >= 2
    let headerStart = isLong ? 12 : 10
    var length = Int(bytes[8]) | Int(bytes[9]) << 8
    if isLong { length |= Int(bytes[10]) << 16 | Int(bytes[11]) << 24 }
    let start = headerStart + length
    guard start <= bytes.count else { throw fail("ends within its header") }
    let header = String(decoding: bytes[headerStart..<start], as: UTF8.self).filter { $0 != " " }
    let size = header.contains("'descr':'<f8'") ? 8 : header.contains("'descr':'<f4'") ? 4 : 0
    guard size > 0 else { throw fail("must hold float32 or float64 numbers, found \(header.prefix(80))") }
    guard header.range(of: "'shape':\\([0-9]+,\\)", options: .regularExpression) != nil else {
      throw fail("must hold one axis of numbers, found \(header.prefix(80))")
    }
    return stride(from: start, through: bytes.count - size, by: size).map { at in
      let bits = (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[at + $1]) << (8 * UInt64($1)) }
      return size == 8 ? Float(Double(bitPattern: bits)) : Float(bitPattern: UInt32(bits))
    }
  }
}
