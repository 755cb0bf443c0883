/// Resizes images to a size or by a factor.
///
/// Mirrors `torch.nn.Upsample`.
///
/// - Input: `[N, C, H, W]`
/// - Output: `[N, C, size.h, size.w]`, or `[N, C, ⌊H · factor⌋, ⌊W · factor⌋]`
public final class Upsample: Module, UnaryModule {
  /// What decides the size of the result.
  public enum Target: Sendable, Equatable {
    case size(Pair)
    case factor(ScaleFactor)
  }
  public let target: Target
  public let mode: InterpolationMode
  public let alignCorners: Bool

  public init(_ target: Target, mode: InterpolationMode = .nearest, alignCorners: Bool = false) {
    (self.target, self.mode, self.alignCorners) = (target, mode, alignCorners)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch target {
    case .size(let size): x.interpolate(size: size, mode: mode, alignCorners: alignCorners)
    case .factor(let factor): x.interpolate(scaleFactor: factor, mode: mode, alignCorners: alignCorners)
    }
  }
}
