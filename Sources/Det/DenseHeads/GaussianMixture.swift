import Foundation

/// Two normal distributions on a line, fitted by expectation and maximisation.
///
/// Does what scikit-learn's `GaussianMixture` does with two components, given first means, equal weights, precisions of
/// 1, and its defaults: at most 100 rounds, a tolerance of 1e-3 and 1e-6 added to variances. On a line the forms
/// `full`, `diag` and `spherical` are the same; `tied` shares the variance.
struct GaussianMixture {
  private(set) var weights = [0.5, 0.5]
  private(set) var means: [Double]
  private(set) var variances = [1.0, 1.0]
  private let isTied: Bool

  init(means: (Double, Double), isTied: Bool = false) {
    self.means = [means.0, means.1]
    self.isTied = isTied
  }

  mutating func fit(_ values: [Double]) {
    var before = -Double.infinity
    for _ in 0..<100 {
      let (mean, shares) = expectations(values)
      maximize(values, shares)
      let change = mean - before
      before = mean
      if abs(change) < 1e-3 { break }
    }
  }

  /// The component of a value, and the logarithm of its probability.
  func classify(_ value: Double) -> (component: Int, logDensity: Double) {
    let logs = densities(value)
    return (logs.1 > logs.0 ? 1 : 0, Self.logSum(logs))
  }

  private func densities(_ value: Double) -> (Double, Double) {
    func log(_ k: Int) -> Double {
      let d = value - means[k]
      return -0.5 * (Foundation.log(2 * Double.pi) + d * d / variances[k]) - 0.5
        * Foundation.log(variances[k])
        + Foundation.log(weights[k])
    }
    return (log(0), log(1))
  }

  private static func logSum(_ logs: (Double, Double)) -> Double {
    let most = max(logs.0, logs.1)
    return most.isFinite ? most + Foundation.log(exp(logs.0 - most) + exp(logs.1 - most)) : most
  }

  /// The mean logarithm of probabilities, and each value's share of the first component.
  private func expectations(_ values: [Double]) -> (mean: Double, shares: [Double]) {
    var sum = 0.0
    let shares = values.map { value -> Double in
      let logs = densities(value)
      let total = Self.logSum(logs)
      sum += total
      return exp(logs.0 - total)
    }
    return (sum / Double(values.count), shares)
  }

  private mutating func maximize(_ values: [Double], _ first: [Double]) {
    var squares = [0.0, 0.0]
    var counts = [0.0, 0.0]
    for k in 0..<2 {
      let shares = k == 0 ? first : first.map { 1 - $0 }
      counts[k] = shares.reduce(0, +) + 10 * Double.ulpOfOne
      means[k] = zip(shares, values).reduce(0) { $0 + $1.0 * $1.1 } / counts[k]
      squares[k] = zip(shares, values).reduce(0) { $0 + $1.0 * ($1.1 - means[k]) * ($1.1 - means[k]) }
    }
    let total = counts[0] + counts[1]
    for k in 0..<2 {
      variances[k] = (isTied ? (squares[0] + squares[1]) / total : squares[k] / counts[k]) + 1e-6
      weights[k] = counts[k] / total
    }
  }
}
