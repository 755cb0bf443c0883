/// Zeros around an image, as many as it takes for a sliding kernel to cover all of it.
///
/// Mirrors mmcv's `AdaptivePadding`.
public struct AdaptivePadding: Sendable, Equatable {
  public enum Mode: String, Sendable, CaseIterable {
    /// Zeros below and to the right.
    case corner
    /// Zeros on all sides, an odd one below and to the right.
    case same
  }

  public var mode = Mode.corner
  public var kernel: Pair
  public var stride: Pair
  public var dilation: Pair = 1

  public init(_ mode: Mode = .corner, kernel: Pair, stride: Pair, dilation: Pair = 1) {
    (self.mode, self.kernel, self.stride, self.dilation) = (mode, kernel, stride, dilation)
  }

  /// How many rows and columns an image of `size` gets.
  public func amount(for size: Pair) -> Pair {
    func amount(_ size: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
      max(((size + stride - 1) / stride - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    }
    return Pair(
      h: amount(size.h, kernel.h, stride.h, dilation.h), w: amount(size.w, kernel.w, stride.w, dilation.w))
  }

  /// - Parameter x: `[N, C, H, W]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let amount = amount(for: Pair(h: x.shape[2], w: x.shape[3]))
    if amount == 0 { return x }
    let before = mode == .corner ? Pair(0) : Pair(h: amount.h / 2, w: amount.w / 2)
    return x.pad2d(top: before.h, bottom: amount.h - before.h, left: before.w, right: amount.w - before.w)
  }
}
