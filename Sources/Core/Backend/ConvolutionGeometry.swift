/// How the kernel of a convolution slides over an image.
public struct ConvolutionGeometry: Sendable, Hashable {
  public var stride: Pair
  /// Zeros above and to the left of the image.
  public var padding: Pair
  /// Zeros below and to the right.
  public var endPadding: Pair
  public var dilation: Pair
  public var groups: Int

  /// - Parameter endPadding: as much as `padding` unless given.
  public init(
    stride: Pair = 1, padding: Pair = 0, endPadding: Pair? = nil, dilation: Pair = 1, groups: Int = 1
  ) {
    (self.stride, self.padding, self.endPadding) = (stride, padding, endPadding ?? padding)
    (self.dilation, self.groups) = (dilation, groups)
    precondition(
      stride.h > 0 && stride.w > 0 && dilation.h > 0 && dilation.w > 0 && groups > 0,
      "ConvolutionGeometry: stride, dilation and groups above 0, found \(stride), \(dilation) and \(groups)")
    precondition(
      padding.h >= 0 && padding.w >= 0 && self.endPadding.h >= 0 && self.endPadding.w >= 0,
      "ConvolutionGeometry: padding of 0 or more, found \(padding) and \(self.endPadding)")
  }

  /// `(size + padding - dilation · (kernel - 1) - 1) / stride + 1` along each axis.
  public func outputSize(_ size: Pair, kernel: Pair) -> Pair {
    func extent(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> Int {
      let free = size + padding - dilation * (kernel - 1) - 1
      precondition(
        free >= 0,
        "conv2d: the kernel (\(kernel), dilation \(dilation)) must fit into the padded image (\(size + padding))"
      )
      return free / stride + 1
    }
    return Pair(
      h: extent(size.h, kernel.h, stride.h, padding.h + endPadding.h, dilation.h),
      w: extent(size.w, kernel.w, stride.w, padding.w + endPadding.w, dilation.w))
  }

  /// The size that a transposed convolution makes: the image whose convolution has `size`, and `extra` rows and columns.
  public func transposedOutputSize(_ size: Pair, kernel: Pair, extra: Pair) -> Pair {
    func extent(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int, _ extra: Int)
      -> Int
    {
      precondition(
        extra >= 0 && extra < max(stride, dilation),
        "convTranspose2d: outputPadding below stride or dilation, found \(extra)")
      let result = (size - 1) * stride - padding + dilation * (kernel - 1) + extra + 1
      precondition(result > 0, "convTranspose2d: an output of at least one pixel, found \(result)")
      return result
    }
    return Pair(
      h: extent(size.h, kernel.h, stride.h, padding.h + endPadding.h, dilation.h, extra.h),
      w: extent(size.w, kernel.w, stride.w, padding.w + endPadding.w, dilation.w, extra.w))
  }

  /// What an `OperationRecorder` sees.
  func attributes(kernel: Pair) -> [String: OperationAttribute] {
    [
      "kernel": .ints(kernel.array), "stride": .ints(stride.array), "padding": .ints(padding.array),
      "end_padding": .ints(endPadding.array), "dilation": .ints(dilation.array), "groups": .int(groups),
    ]
  }
}
