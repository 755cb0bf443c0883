import Core
import Testing

/// Expects `actual` to be within `absolute + relative · |expected|` of `expected`, element by element.
public func expectClose(
  _ actual: [Float], _ expected: [Double], relative: Double = 1e-5, absolute: Double = 1e-6,
  _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record(
      "\(what): \(actual.count) elements, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  var worst: (index: Int, excess: Double) = (0, -.infinity)
  for (index, (a, e)) in zip(actual, expected).enumerated() {
    if a.isNaN && e.isNaN || Double(a) == e { continue }
    let excess = abs(Double(a) - e) - (absolute + relative * abs(e))
    if !(excess <= worst.excess) { worst = (index, excess) }
  }
  if !(worst.excess <= 0) {
    Issue.record(
      "\(what): element \(worst.index) is \(actual[worst.index]), expected \(expected[worst.index])",
      sourceLocation: sourceLocation)
  }
}

/// Expects a tensor to have the given shape and, nearly, the given elements.
public func expectClose(
  _ actual: Tensor, _ expected: [Double], shape: [Int]? = nil, relative: Double = 1e-5,
  absolute: Double = 1e-6,
  _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  if let shape { #expect(actual.shape == shape, "\(what)", sourceLocation: sourceLocation) }
  expectClose(
    actual.detached().floats, expected, relative: relative, absolute: absolute, what,
    sourceLocation: sourceLocation)
}
