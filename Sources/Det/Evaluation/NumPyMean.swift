/// Means and sums with numpy's order of additions, so that the last decimal that tables print is the original's.
enum NumPyMean {
  /// `values.mean()`; not a number for none.
  static func mean<Value: BinaryFloatingPoint>(_ values: [Value]) -> Value {
    sum(values) / Value(values.count)
  }

  /// `values.sum()`
  static func sum<Value: BinaryFloatingPoint>(_ values: [Value]) -> Value { sum(values, 0, values.count) }

  /// Sums of pieces of at most 128, each in eight interleaved parts.
  private static func sum<Value: BinaryFloatingPoint>(_ values: [Value], _ start: Int, _ count: Int) -> Value
  {
    if count < 8 {
      var total: Value = 0
      for index in start..<(start + count) { total += values[index] }
      return total
    }
    if count > 128 {
      var half = count / 2
      half -= half % 8
      return sum(values, start, half) + sum(values, start + half, count - half)
    }
    var parts = Array(values[start..<(start + 8)])
    let whole = count - count % 8
    for index in stride(from: 8, to: whole, by: 8) {
      for part in 0..<8 { parts[part] += values[start + index + part] }
    }
    var total =
      ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]))
    for index in whole..<count { total += values[start + index] }
    return total
  }
}
