extension ConfigReader {
  /// A number that must be in `range`.
  public mutating func value<Value: ConfigDecodable & Comparable>(
    _ key: String, default standard: Value, in range: ClosedRange<Value>
  ) throws -> Value {
    let value = try self.value(key, default: standard)
    guard range.contains(value) else { throw outside(range, "\(value)", key) }
    return value
  }

  /// A required number that must be in `range`.
  public mutating func value<Value: ConfigDecodable & Comparable>(
    _ key: String, in range: ClosedRange<Value>
  ) throws -> Value {
    let value: Value = try self.value(key)
    guard range.contains(value) else { throw outside(range, "\(value)", key) }
    return value
  }

  /// Numbers, each in `range`, as many as `count` says.
  public mutating func values<Value: ConfigDecodable & Comparable>(
    _ key: String, default standard: [Value]? = nil, in range: ClosedRange<Value>, count: Int? = nil
  ) throws -> [Value] {
    let values = try standard.map { try self.value(key, default: $0) } ?? self.value(key)
    if let count, values.count != count {
      throw invalid("must hold \(count) numbers, found \(values)", key: key)
    }
    if values.isEmpty { throw invalid("must hold at least one number", key: key) }
    guard values.allSatisfy(range.contains) else { throw outside(range, "\(values)", key) }
    return values
  }

  /// Indices below `count`, at least one and each once.
  public mutating func indices(_ key: String, default standard: [Int], below count: Int) throws -> [Int] {
    let values = try values(key, default: standard, in: Int.min...Int.max)
    guard values.allSatisfy((0..<count).contains) else {
      throw invalid("must be in 0..<\(count), found \(values)", key: key)
    }
    guard Set(values).count == values.count else {
      throw invalid("must not hold an index twice, found \(values)", key: key)
    }
    return values
  }

  /// A probability.
  public mutating func probability(_ key: String, default standard: Float = 0) throws -> Float {
    try value(key, default: standard, in: 0...1)
  }

  private func outside<Value>(_ range: ClosedRange<Value>, _ found: String, _ key: String) -> BuildError {
    invalid("must be in \(range), found \(found)", key: key)
  }
}
