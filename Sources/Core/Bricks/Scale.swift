/// Multiplies by one learnt number. Mirrors mmcv's `Scale`.
public final class Scale: Module, UnaryModule {
  /// `[]`
  public let scale: Parameter

  public init(_ start: Float = 1) { scale = Parameter(Tensor(start)) }

  public func callAsFunction(_ x: Tensor) -> Tensor { x * scale.value }
}
