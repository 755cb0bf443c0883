/// Names of the classes of a data set, and the colours in which they are painted.
public struct ClassSet: Sendable, Equatable {
  public var names: [String]
  /// Red, green, blue of each class.
  public var palette: [[UInt8]]

  public init(names: [String], palette: [[UInt8]]) { (self.names, self.palette) = (names, palette) }

  /// - Parameter colors: `0xRRGGBB` of each class.
  init(names: [String], colors: [UInt32]) {
    precondition(
      names.count == colors.count,
      "ClassSet.init: \(names.count) classes must have as many colours, found \(colors.count)")
    self.names = names
    palette = colors.map { [UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)] }
  }
}
