import PyConfig

/// A whole number along the height and one along the width: kernels, strides, paddings, sizes.
///
/// An integer literal means both: `kernel: 3`, `kernel: Pair(h: 1, w: 7)`.
public struct Pair: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  public var h: Int
  public var w: Int

  public init(h: Int, w: Int) { (self.h, self.w) = (h, w) }
  /// The same number along both axes.
  public init(_ both: Int) { (h, w) = (both, both) }
  public init(integerLiteral value: Int) { self.init(value) }

  public var description: String { h == w ? "\(h)" : "\(h)x\(w)" }
  /// `[h, w]`
  public var array: [Int] { [h, w] }
}

extension Pair: ConfigDecodable {
  /// Takes an `int` or a list or tuple of two, `(h, w)`.
  public init(from node: ConfigNode, at path: String) throws {
    guard let items = node.items else {
      self.init(try Int(from: node, at: path))
      return
    }
    guard items.count == 2 else { throw node.mismatch("an int or two, (h, w)", at: path) }
    self.init(h: try Int(from: items[0], at: "\(path).0"), w: try Int(from: items[1], at: "\(path).1"))
  }
}
