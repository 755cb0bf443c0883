/// A normalisation layer, which can add a residual and activate in the same pass.
public protocol NormLayer: UnaryModule, NormalizationLayer {
  /// `[C]`, or `nil` when the layer does not scale.
  var weight: Parameter? { get }
  /// `[C]`, or `nil` when the layer does not shift.
  var bias: Parameter? { get }
  /// `activation(norm(x) + residual)`.
  func callAsFunction(_ x: Tensor, residual: Tensor?, activation: FusedActivation) -> Tensor
  /// The layer as `scale · x + shift` for each channel, where its statistics are fixed now.
  ///
  /// - Parameter bias: what a convolution in front would add; it enters `shift`.
  func foldedAffine(addingTo bias: Parameter?) -> (scale: Tensor, shift: Tensor)?
}

extension NormLayer {
  public func callAsFunction(_ x: Tensor, residual: Tensor?, activation: FusedActivation) -> Tensor {
    let y = self(x)
    return (residual.map { y + $0 } ?? y).activated(activation)
  }

  public func foldedAffine(addingTo bias: Parameter?) -> (scale: Tensor, shift: Tensor)? { nil }

  /// Puts scale and shift at `weight` and `bias`, where the layer has them.
  public func resetAffine(weight: Double = 1, bias: Double = 0) {
    self.weight?.value.fillInPlace(weight)
    self.bias?.value.fillInPlace(bias)
  }

  /// Whether scale and shift are to be trained.
  public func setFrozen(_ isFrozen: Bool) {
    weight?.requiresGradient = !isFrozen
    bias?.requiresGradient = !isFrozen
  }
}

extension Module {
  /// Puts all batch normalisations of this module and below it into evaluation: what `norm_eval` asks for.
  public func evaluateBatchNorms() {
    forEachModule { _, module in
      if module is BatchNorm { module.train(false) }
    }
  }
}
