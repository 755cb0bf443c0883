import Foundation

// Tensors of random numbers. Equal generators give equal tensors on every machine.
extension Tensor {
  /// Uniform in `low..<high`.
  public static func uniform(
    _ shape: [Int], low: Double = 0, high: Double = 1, using generator: inout RandomGenerator
  ) -> Tensor {
    drawn(shape) { buffer in
      for i in buffer.indices { buffer[i] = Float(generator.uniform(low, high)) }
    }
  }

  /// Normally distributed.
  public static func normal(
    _ shape: [Int], mean: Double = 0, standardDeviation: Double = 1, using generator: inout RandomGenerator
  ) -> Tensor {
    drawn(shape) { buffer in
      // Box-Muller, both numbers of a pair.
      for i in stride(from: 0, to: buffer.count, by: 2) {
        let radius = (-2 * Foundation.log(1 - generator.uniform())).squareRoot() * standardDeviation
        let angle = 2 * Double.pi * generator.uniform()
        buffer[i] = Float(mean + radius * cos(angle))
        if i + 1 < buffer.count { buffer[i + 1] = Float(mean + radius * sin(angle)) }
      }
    }
  }

  /// Normally distributed numbers, those outside `low...high` drawn again (in effect), as `torch.nn.init.trunc_normal_`.
  public static func truncatedNormal(
    _ shape: [Int], mean: Double = 0, standardDeviation: Double = 1, low: Double = -2, high: Double = 2,
    using generator: inout RandomGenerator
  ) -> Tensor {
    precondition(
      low < high && standardDeviation > 0,
      "Tensor.truncatedNormal: low < high and a positive deviation, found \(low), \(high), \(standardDeviation)"
    )
    func distribution(_ x: Double) -> Double {
      0.5 * erfc(-(x - mean) / standardDeviation / 2.0.squareRoot())
    }
    let (from, to) = (distribution(low), distribution(high))
    if to - from > 0.5 {
      // Few fall outside: drawing those again is faster.
      return drawn(shape) { buffer in
        var spare: Double?
        for i in buffer.indices {
          var x = Double.nan
          repeat {
            if let kept = spare.take() {
              x = kept
            } else {
              let radius = (-2 * Foundation.log(1 - generator.uniform())).squareRoot() * standardDeviation
              let angle = 2 * Double.pi * generator.uniform()
              (x, spare) = (mean + radius * cos(angle), mean + radius * sin(angle))
            }
          } while !(x >= low && x <= high)
          buffer[i] = Float(x)
        }
      }
    }
    // The inverse of the distribution function, at uniform points between its values at the bounds.
    return drawn(shape) { buffer in
      for i in buffer.indices {
        let x = mean + standardDeviation * normalQuantile(generator.uniform(from, to))
        buffer[i] = Float(Swift.min(high, Swift.max(low, x)))
      }
    }
  }

  /// 1 with probability `probability`, else 0.
  public static func bernoulli(
    _ shape: [Int], probability: Double = 0.5, using generator: inout RandomGenerator
  ) -> Tensor {
    precondition(
      (0...1).contains(probability), "Tensor.bernoulli: a probability in 0...1, found \(probability)")
    return drawn(shape) { buffer in
      for i in buffer.indices { buffer[i] = generator.uniform() < probability ? 1 : 0 }
    }
  }

  /// `0..<count` in random order, as `int64`.
  public static func randomPermutation(_ count: Int, using generator: inout RandomGenerator) -> Tensor {
    Tensor(generator.permutation(count).map { Int64($0) })
  }

  private static func drawn(_ shape: [Int], _ fill: (UnsafeMutableBufferPointer<Float>) -> Void) -> Tensor {
    let count = elementCount(of: shape)
    let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initialized = count
    }
    return Tensor(values, shape: shape)
  }
}

/// The point below which a standard normal number lies with probability `p`, to about 1e-15.
///
/// A rational approximation (P. J. Acklam) and one step of Halley's method.
func normalQuantile(_ p: Double) -> Double {
  if p <= 0 { return -.infinity }
  if p >= 1 { return .infinity }
  if p > 0.5 { return -normalQuantile(1 - p) }
  func polynomial(_ x: Double, _ coefficients: [Double]) -> Double { coefficients.reduce(0) { $0 * x + $1 } }
  var x: Double
  if p < 0.02425 {
    let q = (-2 * log(p)).squareRoot()
    x =
      polynomial(q, Quantile.tailNumerator) / polynomial(q, Quantile.tailDenominator)
  } else {
    let q = p - 0.5
    x = q * polynomial(q * q, Quantile.numerator) / polynomial(q * q, Quantile.denominator)
  }
  let error = 0.5 * erfc(-x / 2.0.squareRoot()) - p
  let step = error * (2 * Double.pi).squareRoot() * exp(x * x / 2)
  x -= step / (1 + x * step / 2)
  return x
}

/// Coefficients of `normalQuantile`, highest power first.
private enum Quantile {
  static let numerator = [
    -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02,
    -3.066479806614716e+01, 2.506628277459239e+00,
  ]
  static let denominator = [
    -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
    -1.328068155288572e+01, 1,
  ]
  static let tailNumerator = [
    -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00,
    4.374664141464968e+00, 2.938163982698783e+00,
  ]
  static let tailDenominator = [
    7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00, 1,
  ]
}
