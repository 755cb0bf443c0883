/// The mean of each window.
///
/// Mirrors `torch.nn.AvgPool2d`.
///
/// - Input: `[N, C, H, W]`
/// - Output: `[N, C, H', W']` with `H' = (H + 2·padding.h − kernel.h) / stride.h + 1`, rounded up in `ceilMode`
///   (and `W'` alike).
public final class AvgPool2d: Module, UnaryModule {
  public let kernel: Pair, stride: Pair, padding: Pair
  public let ceilMode: Bool
  /// Whether zeros of the padding count in a mean.
  public let countIncludePad: Bool
  /// What sums are divided by instead of the number of elements.
  public let divisorOverride: Int?

  /// - Parameter stride: `kernel` unless given.
  public init(
    _ kernel: Pair, stride: Pair? = nil, padding: Pair = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true,
    divisorOverride: Int? = nil
  ) {
    (self.kernel, self.stride, self.padding) = (kernel, stride ?? kernel, padding)
    (self.ceilMode, self.countIncludePad, self.divisorOverride) = (ceilMode, countIncludePad, divisorOverride)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.avgPool2d(
      kernel, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
      divisorOverride: divisorOverride)
  }
}

/// Means of windows that split an image into `output` rows and columns.
///
/// Mirrors `torch.nn.AdaptiveAvgPool2d`.
///
/// - Input: `[N, C, H, W]`
/// - Output: `[N, C, output.h, output.w]`
public final class AdaptiveAvgPool2d: Module, UnaryModule {
  public let output: Pair

  public init(_ output: Pair) { self.output = output }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.adaptiveAvgPool2d(output) }
}
