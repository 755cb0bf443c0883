/// Scales each channel by a learnt number that starts small.
///
/// Touvron et al., 2021, section 2.2 (<https://arxiv.org/abs/2103.17239>). Mirrors mmcls's `LayerScale`.
///
/// - Input: `[..., channels]`, or with `isMap` `[N, channels, H, W]`; the output has the same shape.
public final class LayerScale: Module, UnaryModule {
  /// `[channels]`
  public let weight: Parameter
  private let isMap: Bool

  public init(_ channels: Int, isMap: Bool = false) {
    weight = Parameter(.full([channels], 1e-5))
    self.isMap = isMap
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x * (isMap ? weight.value.reshaped([weight.count, 1, 1]) : weight.value)
  }
}
