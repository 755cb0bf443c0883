/// Passes its input on.
///
/// Mirrors `torch.nn.Identity`.
public final class Identity: Module, UnaryModule {
  public override init() {}

  public func callAsFunction(_ x: Tensor) -> Tensor { x }
}
