/// An activation function as a layer. Mirrors the parameterless activations of `torch.nn` and mmcv.
public final class Activation: Module, UnaryModule {
  public let operation: UnaryOperation

  public init(_ operation: UnaryOperation) { self.operation = operation }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.applying(operation) }
}
