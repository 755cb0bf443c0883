import OrderedCollections

/// A value in a log.
public enum LogValue: Sendable, Equatable {
  case number(Double)
  /// A number that averaging gave. It is rounded as numpy rounds, others as Python does.
  case average(Double)
  case integer(Int)
  case text(String)
  case list([LogValue])

  /// The number, if it is one.
  public var double: Double? {
    switch self {
    case .number(let value), .average(let value): value
    case .integer(let value): Double(value)
    case .text, .list: nil
    }
  }

  /// As a text log shows it: four decimals for floats.
  var text: String {
    switch self {
    case .number(let value), .average(let value): PythonText.fixed(value, 4)
    case .integer(let value): "\(value)"
    case .text(let value): value
    case .list(let items):
      "["
        + items.map { item in
          switch item {
          case .number(let value), .average(let value): PythonText.repr(value)
          case .text(let value): "'\(value)'"
          case .integer, .list: item.text
          }
        }.joined(separator: ", ") + "]"
    }
  }

  /// As a JSON log holds it: floats rounded to five decimals.
  var json: String {
    switch self {
    case .number(let value): PythonText.json(PythonText.rounded(value, 5))
    case .average(let value): PythonText.json(PythonText.roundedByNumpy(value, 5))
    case .integer(let value): "\(value)"
    case .text(let value): PythonText.json(value)
    case .list(let items): "[" + items.map(\.json).joined(separator: ", ") + "]"
    }
  }
}

/// Numbers of past iterations, and their averages waiting to be logged.
///
/// Mirrors mmcv's `LogBuffer`.
public struct LogBuffer {
  private struct History {
    var values: [Double] = []
    var counts: [Int] = []
  }
  private var history: OrderedDictionary<String, History> = [:]
  /// Averages, and results of evaluations, for the loggers.
  public var output: OrderedDictionary<String, LogValue> = [:]
  /// Whether `output` is to be logged.
  public var isReady = false

  public init() {}

  /// Forgets everything.
  public mutating func clear() {
    history = [:]
    clearOutput()
  }

  public mutating func clearOutput() {
    output = [:]
    isReady = false
  }

  /// Notes the numbers of one iteration, weighted with `count` samples.
  public mutating func update(_ values: OrderedDictionary<String, Double>, count: Int = 1) {
    for (key, value) in values {
      history[key, default: History()].values.append(value)
      history[key, default: History()].counts.append(count)
    }
  }

  /// Averages the latest `count` values of each key, or all if it is 0.
  public mutating func average(_ count: Int = 0) {
    for (key, history) in history {
      let start = count == 0 ? 0 : max(0, history.values.count - count)
      let products = zip(history.values[start...], history.counts[start...]).map { $0 * Double($1) }
      let total = history.counts[start...].reduce(0, +)
      output[key] = .average(Self.sum(products[...]) / Double(total))
    }
    isReady = true
  }

  /// The latest value noted under `key`.
  public func latest(_ key: String) -> Double? { history[key]?.values.last }

  /// The sum in numpy's order: eight interleaved sums for blocks of up to 128, halves above that.
  private static func sum(_ values: ArraySlice<Double>) -> Double {
    if values.count < 8 { return values.reduce(-0.0, +) }
    if values.count > 128 {
      var half = values.count / 2
      half -= half % 8
      return sum(values.prefix(half)) + sum(values.dropFirst(half))
    }
    var lanes = Array(values.prefix(8))
    let whole = values.count - values.count % 8
    for index in 8..<max(8, whole) { lanes[index % 8] += values[values.startIndex + index] }
    let total =
      ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
    return values.dropFirst(whole).reduce(total, +)
  }
}
