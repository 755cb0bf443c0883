import Foundation

extension RandomGenerator {
  /// Beta distributed in `0...1`: the share of one gamma variate in the sum of two.
  public mutating func beta(_ a: Double, _ b: Double) -> Double {
    let (x, y) = (gamma(a), gamma(b))
    return x + y > 0 ? x / (x + y) : (uniform() < 0.5 ? 0 : 1)
  }

  /// Gamma distributed with scale 1 (Marsaglia and Tsang, 2000).
  public mutating func gamma(_ shape: Double) -> Double {
    precondition(shape > 0, "RandomGenerator.gamma: a positive shape, found \(shape)")
    if shape < 1 { return gamma(shape + 1) * pow(1 - uniform(), 1 / shape) }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = pow(1 + c * x, 3)
      if v > 0, log(1 - uniform()) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
  }
}
