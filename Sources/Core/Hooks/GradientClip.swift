import Foundation
import PyConfig

/// The norm of all gradients together, and the factor that brings it down to a limit.
///
/// Mirrors `torch.nn.utils.clip_grad_norm_`, but leaves the gradients as they are: the optimizer applies the factor.
public struct GradientClip: Sendable, Equatable {
  public var maxNorm: Double
  /// 1, 2, another positive number, or infinity.
  public var normType: Double

  public init(maxNorm: Double, normType: Double = 2) { (self.maxNorm, self.normType) = (maxNorm, normType) }

  /// - Returns: `nil` if there is no gradient.
  public func measure(_ parameters: [Parameter]) -> (norm: Float, factor: Float)? {
    let gradients = parameters.filter(\.requiresGradient).compactMap { $0.gradient?.detached() }
    guard !gradients.isEmpty else { return nil }
    let norm = withoutGradient { self.norm(gradients) }
    let factor = Float(maxNorm) / (norm + 1e-6)
    return (norm, factor > 1 ? 1 : factor)
  }

  private func norm(_ gradients: [Tensor]) -> Float {
    switch normType {
    case 2: return Float(gradients.reduce(0.0) { $0 + $1.backend.sumOfSquares($1) }.squareRoot())
    case 1: return Float(gradients.reduce(0.0) { $0 + $1.backend.sumOfMagnitudes($1) })
    case .infinity:
      return gradients.reduce(0) { largest, gradient in
        let magnitude = gradient.backend.largestMagnitude(gradient)
        return magnitude.isNaN || magnitude > largest ? magnitude : largest
      }
    default:
      let sum = gradients.reduce(0.0) { sum, gradient in
        let powers = gradient.applying(.absolute).applying(.power(Float(normType)))
        return sum + gradient.backend.sumOfMagnitudes(powers)
      }
      return Float(pow(sum, 1 / normType))
    }
  }
}

extension GradientClip: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    maxNorm = try reader.value("max_norm")
    if let node = reader.node("norm_type") {
      normType = node.string == "inf" ? .infinity : try Double(from: node, at: reader.path("norm_type"))
    } else {
      normType = 2
    }
    reader.ignore("error_if_nonfinite")
    if !(normType > 0) {
      throw reader.invalid("norm_type must be positive, found \(normType)", key: "norm_type")
    }
  }
}
