// Pooling over windows, and its gradients.
extension Tensor {
  /// The largest element of each window, as `torch.nn.functional.max_pool2d`; the first of equals takes the gradient.
  ///
  /// - Input: `[N, C, H, W]`; the result is `[N, C, H', W']`, channels-last, with
  ///   `H' = (H + 2 · padding - dilation · (kernel - 1) - 1) / stride + 1`, rounded up in `ceilMode`, where a last
  ///   window that would start beyond the image is left out.
  /// - Parameter stride: `kernel` unless given.
  public func maxPool2d(
    _ kernel: Pair, stride: Pair? = nil, padding: Pair = 0, dilation: Pair = 1, ceilMode: Bool = false
  ) -> Tensor {
    requireImage("maxPool2d")
    let size = imageSize
    let geometry = PoolingGeometry(
      "Tensor.maxPool2d", size: size, kernel: kernel, stride: stride ?? kernel, padding: padding,
      dilation: dilation, ceilMode: ceilMode)
    precondition(
      dilation == 1 || geometry.touches(size),
      "Tensor.maxPool2d: windows that touch the image, found dilation \(dilation) on \(size)")
    let (y, index) = backend.maxPool2d(detached(), geometry, wantsIndex: Tape.isRecording(self))
    return recordMaxPool("max_pool2d", geometry.attributes, y, index)
  }

  /// The mean of each window, as `torch.nn.functional.avg_pool2d`.
  ///
  /// - Parameters:
  ///   - stride: `kernel` unless given.
  ///   - countIncludePad: whether zeros of the padding count in the mean.
  ///   - divisorOverride: what sums are divided by instead of the number of elements.
  public func avgPool2d(
    _ kernel: Pair, stride: Pair? = nil, padding: Pair = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true,
    divisorOverride: Int? = nil
  ) -> Tensor {
    requireImage("avgPool2d")
    precondition(divisorOverride != 0, "Tensor.avgPool2d: a divisor other than 0")
    let size = imageSize
    let geometry = PoolingGeometry(
      "Tensor.avgPool2d", size: size, kernel: kernel, stride: stride ?? kernel, padding: padding, dilation: 1,
      ceilMode: ceilMode)
    let y = backend.avgPool2d(detached(), geometry, countsPadding: countIncludePad, divisor: divisorOverride)
    return Tape.record("avg_pool2d", geometry.attributes, inputs: [self], output: y) { gradient in
      [
        gradient.backend.avgPool2dGradient(
          gradient, geometry, size: size, countsPadding: countIncludePad, divisor: divisorOverride)
      ]
    }
  }

  /// Means over windows that split the image into `output` rows and columns.
  ///
  /// As `torch.nn.functional.adaptive_avg_pool2d`: window `i` reaches from `⌊i · H / H'⌋` to `⌈(i + 1) · H / H'⌉`.
  public func adaptiveAvgPool2d(_ output: Pair) -> Tensor {
    checkAdaptive("adaptiveAvgPool2d", output)
    let size = imageSize
    let y = backend.adaptiveAvgPool2d(detached(), output: output)
    return Tape.record("adaptive_avg_pool2d", ["output": .ints(output.array)], inputs: [self], output: y) {
      [$0.backend.adaptiveAvgPool2dGradient($0, size: size)]
    }
  }

  /// Largest elements of windows that split the image into `output` rows and columns.
  public func adaptiveMaxPool2d(_ output: Pair) -> Tensor {
    checkAdaptive("adaptiveMaxPool2d", output)
    let (y, index) = backend.adaptiveMaxPool2d(detached(), output: output, wantsIndex: Tape.isRecording(self))
    return recordMaxPool("adaptive_max_pool2d", ["output": .ints(output.array)], y, index)
  }

  /// The mean of each channel of each image: `[N, C, H, W]` to `[N, C, 1, 1]`.
  public func globalAvgPool2d() -> Tensor { adaptiveAvgPool2d(1) }

  private func recordMaxPool(
    _ name: StaticString, _ attributes: @autoclosure () -> [String: OperationAttribute], _ y: Tensor,
    _ index: Tensor?
  ) -> Tensor {
    let size = imageSize
    return Tape.record(name, attributes(), inputs: [self], output: y) { gradient in
      [index.map { gradient.backend.maxPool2dGradient(gradient, index: $0, size: size) }]
    }
  }

  private func checkAdaptive(_ operation: StaticString, _ output: Pair) {
    requireImage(operation)
    precondition(
      output.h > 0 && output.w > 0 && shape[2] > 0 && shape[3] > 0,
      "Tensor.\(operation): an image and an output of at least one pixel, found \(shape) and \(output)")
  }
}
