/// Multiplies by a learnt number.
///
/// Mirrors mmcv's `Scale`.
public final class Scale: Module, UnaryModule {
  /// A single number.
  public let scale: Parameter

  public init(_ scale: Float = 1) { self.scale = Parameter(Tensor(scale)) }

  public func callAsFunction(_ x: Tensor) -> Tensor { x * scale.value }
}
