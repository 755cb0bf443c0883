/// How a pooling window slides over an image, and how many places it stops at.
struct PoolingGeometry: Sendable, Equatable {
  var kernel: Pair
  var stride: Pair
  var padding: Pair
  var dilation: Pair
  var output: Pair

  /// - Parameter ceilMode: whether a window that reaches beyond the padded image counts; it must start in the image or
  ///   in the padding at its start.
  init(
    _ operation: StaticString, size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair,
    ceilMode: Bool
  ) {
    precondition(
      kernel.h > 0 && kernel.w > 0 && stride.h > 0 && stride.w > 0 && dilation.h > 0 && dilation.w > 0,
      "\(operation): kernel, stride and dilation above 0, found \(kernel), \(stride) and \(dilation)")
    precondition(
      padding.h >= 0 && padding.w >= 0 && padding.h <= kernel.h / 2 && padding.w <= kernel.w / 2,
      "\(operation): padding of at most half the kernel (\(kernel)), found \(padding)")
    func extent(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> Int {
      let free = size + 2 * padding - dilation * (kernel - 1) - 1 + (ceilMode ? stride - 1 : 0)
      var count = free < 0 ? 0 : free / stride + 1
      if ceilMode, (count - 1) * stride >= size + padding { count -= 1 }
      precondition(
        size > 0 && count > 0,
        "\(operation): the kernel (\(kernel), dilation \(dilation)) must fit into the padded image "
          + "(\(size + 2 * padding))")
      return count
    }
    (self.kernel, self.stride, self.padding, self.dilation) = (kernel, stride, padding, dilation)
    output = Pair(
      h: extent(size.h, kernel.h, stride.h, padding.h, dilation.h),
      w: extent(size.w, kernel.w, stride.w, padding.w, dilation.w))
  }

  /// Whether every window has an element inside an image of `size`; dilated ones may jump over it.
  func touches(_ size: Pair) -> Bool {
    func touches(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int, _ output: Int)
      -> Bool
    {
      (0..<output).allSatisfy { place in
        let start = place * stride - padding
        // The first element at or after 0.
        let first = start >= 0 ? start : start + (-start + dilation - 1) / dilation * dilation
        return first < size && first <= start + (kernel - 1) * dilation
      }
    }
    return touches(size.h, kernel.h, stride.h, padding.h, dilation.h, output.h)
      && touches(size.w, kernel.w, stride.w, padding.w, dilation.w, output.w)
  }

  /// What an `OperationRecorder` sees.
  var attributes: [String: OperationAttribute] {
    ["kernel": .ints(kernel.array), "stride": .ints(stride.array), "padding": .ints(padding.array)]
  }
}

/// Pooling over windows.
///
/// Images are `[N, C, H, W]` in any layout, results channels-last.
protocol PoolingBackend {
  /// The largest element of each window and, when asked for, where it is: `y · W + x` as `int32`.
  func maxPool2d(_ x: Tensor, _ geometry: PoolingGeometry, wantsIndex: Bool) -> (y: Tensor, index: Tensor?)
  /// The gradient of an image of `size`, also for `adaptiveMaxPool2d`.
  func maxPool2dGradient(_ gradient: Tensor, index: Tensor, size: Pair) -> Tensor

  /// - Parameter divisor: what sums are divided by; the size of the window if `nil`.
  func avgPool2d(_ x: Tensor, _ geometry: PoolingGeometry, countsPadding: Bool, divisor: Int?) -> Tensor
  func avgPool2dGradient(
    _ gradient: Tensor, _ geometry: PoolingGeometry, size: Pair, countsPadding: Bool, divisor: Int?
  ) -> Tensor

  func adaptiveAvgPool2d(_ x: Tensor, output: Pair) -> Tensor
  func adaptiveAvgPool2dGradient(_ gradient: Tensor, size: Pair) -> Tensor
  func adaptiveMaxPool2d(_ x: Tensor, output: Pair, wantsIndex: Bool) -> (y: Tensor, index: Tensor?)
}
