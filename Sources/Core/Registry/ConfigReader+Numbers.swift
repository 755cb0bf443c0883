// Numbers that must lie in a range, as layers ask for them.
extension ConfigReader {
  /// A required whole number within `range`.
  public mutating func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
    try inRange(value(key), key, range)
  }

  /// A whole number within `range`, or `defaultValue`, which may lie outside, when the key is missing.
  public mutating func integer(_ key: String, default defaultValue: Int, in range: ClosedRange<Int>) throws
    -> Int
  {
    guard has(key) else { return try value(key, default: defaultValue) }
    return try inRange(value(key), key, range)
  }

  /// A required number of channels.
  public mutating func channels(_ key: String) throws -> Int { try integer(key, in: Self.channelRange) }

  /// A number of channels.
  public mutating func channels(_ key: String, default defaultValue: Int) throws -> Int {
    try integer(key, default: defaultValue, in: Self.channelRange)
  }

  /// Numbers of channels, at least one.
  public mutating func channelList(_ key: String) throws -> [Int] {
    let list: [Int] = try value(key)
    guard !list.isEmpty else { throw invalid("must hold at least one number", key: key) }
    for channels in list { _ = try inRange(channels, key, Self.channelRange) }
    return list
  }

  private static var channelRange: ClosedRange<Int> { 1...(1 << 20) }

  private func inRange(_ number: Int, _ key: String, _ range: ClosedRange<Int>) throws -> Int {
    guard range.contains(number) else {
      throw invalid("must be in \(range.lowerBound)...\(range.upperBound), found \(number)", key: key)
    }
    return number
  }
}
