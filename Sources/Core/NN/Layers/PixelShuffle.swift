/// Spreads groups of `factor²` channels over blocks of pixels.
///
/// Mirrors `torch.nn.PixelShuffle`.
///
/// - Input: `[N, C · factor², H, W]`
/// - Output: `[N, C, H · factor, W · factor]`
public final class PixelShuffle: Module, UnaryModule {
  public let factor: Int

  public init(_ factor: Int) { self.factor = factor }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.pixelShuffle(factor) }
}

/// Gathers blocks of pixels into channels.
///
/// Mirrors `torch.nn.PixelUnshuffle`.
///
/// - Input: `[N, C, H · factor, W · factor]`
/// - Output: `[N, C · factor², H, W]`
public final class PixelUnshuffle: Module, UnaryModule {
  public let factor: Int

  public init(_ factor: Int) { self.factor = factor }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.pixelUnshuffle(factor) }
}
