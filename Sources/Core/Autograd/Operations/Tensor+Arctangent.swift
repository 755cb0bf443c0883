import Foundation

extension Tensor {
  /// The arctangent of the ratio of these elements and those of `other`, of one shape.
  public func arctangent(over other: Tensor) -> Tensor {
    requireFloat("arctangent")
    other.requireFloat("arctangent")
    precondition(shape == other.shape, "Tensor.arctangent: shape \(shape), found \(other.shape)")
    let ratio = self / other
    let x = ratio.detached()
    let output = Tensor(x.floats.map { atanf($0) }, shape: shape)
    return Tape.record("atan", inputs: [ratio], output: output, saving: [x]) { [$0 / (x.squared() + 1)] }
  }
}
