/// Attention within windows of a map that may be shifted by half a window.
///
/// Mirrors the `ShiftWindowMSA` of the original suites: key `w_msa`.
final class ShiftedWindowAttention: Module {
  let wMsa: WindowAttention
  let drop: any UnaryModule
  private let window: Int
  private let shift: Int
  /// Whether maps no larger than a window stay unshifted.
  private let spareSmallMaps: Bool

  init(
    _ attention: WindowAttention, window: Int, shift: Int, branchDropout: DropoutConfig, spareSmallMaps: Bool
  ) {
    wMsa = attention
    drop = branchDropout.make()
    (self.window, self.shift, self.spareSmallMaps) = (window, shift, spareSmallMaps)
  }

  /// - Parameter x: tokens of a map of `size`, `[N, H · W, width]`.
  func callAsFunction(_ x: Tensor, _ size: Pair) -> Tensor {
    let shift = spareSmallMaps && min(size.h, size.w) <= window ? 0 : shift
    return drop(wMsa(x, WindowLayout(size, window: window, shift: shift, separation: .shifted)))
  }
}
