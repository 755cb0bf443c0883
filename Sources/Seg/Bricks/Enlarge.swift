import Core

/// Resizes feature maps by a factor; positions follow from the sizes before and after.
///
/// Mirrors mmseg's `Upsample`, which works out a size first.
///
/// - Input: `[N, C, H, W]`
/// - Output: `[N, C, ⌊H · factor⌋, ⌊W · factor⌋]`
final class Enlarge: Module, UnaryModule {
  private let factor: ScaleFactor
  private let mode: InterpolationMode
  private let alignCorners: Bool

  init(_ factor: ScaleFactor, mode: InterpolationMode = .bilinear, alignCorners: Bool = false) {
    (self.factor, self.mode, self.alignCorners) = (factor, mode, alignCorners)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let size = Pair(h: Int(Double(x.shape[2]) * factor.h), w: Int(Double(x.shape[3]) * factor.w))
    return x.interpolate(size: size, mode: mode, alignCorners: alignCorners)
  }
}
