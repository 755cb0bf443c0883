/// The largest element of each window.
///
/// Mirrors `torch.nn.MaxPool2d`.
///
/// - Input: `[N, C, H, W]`
/// - Output: `[N, C, H', W']` with `H' = (H + 2·padding.h − dilation.h·(kernel.h − 1) − 1) / stride.h + 1`, rounded up
///   in `ceilMode` (and `W'` alike).
public final class MaxPool2d: Module, UnaryModule {
  public let kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
  public let ceilMode: Bool

  /// - Parameter stride: `kernel` unless given.
  public init(
    _ kernel: Pair, stride: Pair? = nil, padding: Pair = 0, dilation: Pair = 1, ceilMode: Bool = false
  ) {
    (self.kernel, self.stride, self.padding) = (kernel, stride ?? kernel, padding)
    (self.dilation, self.ceilMode) = (dilation, ceilMode)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.maxPool2d(kernel, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }
}

/// Largest elements of windows that split an image into `output` rows and columns.
///
/// Mirrors `torch.nn.AdaptiveMaxPool2d`.
///
/// - Input: `[N, C, H, W]`
/// - Output: `[N, C, output.h, output.w]`
public final class AdaptiveMaxPool2d: Module, UnaryModule {
  public let output: Pair

  public init(_ output: Pair) { self.output = output }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.adaptiveMaxPool2d(output) }
}
