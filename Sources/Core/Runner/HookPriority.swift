import PyConfig

/// When a hook runs among those of one stage: lower numbers first, equal ones in the order of registration.
///
/// Names and numbers are those of mmcv's `Priority`.
public struct HookPriority: Sendable, Hashable, Comparable {
  public let value: Int

  /// - Returns: `nil` unless `value` lies in `0...100`.
  public init?(_ value: Int) {
    guard (0...100).contains(value) else { return nil }
    self.value = value
  }

  private init(named value: Int) { self.value = value }

  public static let highest = HookPriority(named: 0)
  public static let veryHigh = HookPriority(named: 10)
  public static let high = HookPriority(named: 30)
  public static let aboveNormal = HookPriority(named: 40)
  public static let normal = HookPriority(named: 50)
  public static let belowNormal = HookPriority(named: 60)
  public static let low = HookPriority(named: 70)
  public static let veryLow = HookPriority(named: 90)
  public static let lowest = HookPriority(named: 100)

  private static let names: [(String, HookPriority)] = [
    ("HIGHEST", highest), ("VERY_HIGH", veryHigh), ("HIGH", high), ("ABOVE_NORMAL", aboveNormal),
    ("NORMAL", normal), ("BELOW_NORMAL", belowNormal), ("LOW", low), ("VERY_LOW", veryLow),
    ("LOWEST", lowest),
  ]

  /// The name where there is one, else the number.
  public var name: String { Self.names.first { $0.1 == self }?.0 ?? "\(value)" }

  public static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}

extension HookPriority: ConfigDecodable {
  public init(from node: ConfigNode, at path: String) throws {
    func fail(_ text: String) -> BuildError {
      BuildError(.invalid(text), path: path, location: node.location)
    }
    if let number = node.int {
      guard let priority = HookPriority(number) else {
        throw fail("a priority must lie in 0...100, found \(number)")
      }
      self = priority
      return
    }
    let text = try String(from: node, at: path)
    guard let known = Self.names.first(where: { $0.0 == text.uppercased() }) else {
      let hint = nearest(text, among: Self.names.map(\.0)).map { "; did you mean '\($0)'?" } ?? ""
      throw fail(
        "a priority must be one of \(Self.names.map(\.0).joined(separator: ", ")), found '\(text)'\(hint)")
    }
    self = known.1
  }
}
