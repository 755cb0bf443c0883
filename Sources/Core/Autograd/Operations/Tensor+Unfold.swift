// Sliding blocks of images as columns of matrices, and back.
extension Tensor {
  /// The block under the kernel at each of its places, as `torch.nn.functional.unfold`.
  ///
  /// - Input: `[N, C, H, W]`; the result is `[N, C · kernel.h · kernel.w, L]` with `L` places, row by row.
  public func unfold(_ kernel: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1) -> Tensor {
    requireImage("unfold")
    checkKernel("Tensor.unfold", kernel)
    let geometry = ConvolutionGeometry(stride: stride, padding: padding, dilation: dilation)
    let size = imageSize
    return Tape.record(
      "unfold", geometry.attributes(kernel: kernel), inputs: [self],
      output: backend.unfold(detached(), kernel: kernel, geometry)
    ) {
      [$0.backend.fold($0, size: size, kernel: kernel, geometry)]
    }
  }

  /// Sums blocks into the image that they cover, as `torch.nn.functional.fold`.
  ///
  /// - Input: `[N, C · kernel.h · kernel.w, L]`; the result is `[N, C, size.h, size.w]`.
  public func fold(_ size: Pair, kernel: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1)
    -> Tensor
  {
    requireFloat("fold")
    checkKernel("Tensor.fold", kernel)
    let geometry = ConvolutionGeometry(stride: stride, padding: padding, dilation: dilation)
    let places = geometry.outputSize(size, kernel: kernel)
    precondition(
      rank == 3 && shape[1] % (kernel.h * kernel.w) == 0 && shape[2] == places.h * places.w,
      "Tensor.fold: [N, C · \(kernel.h * kernel.w), \(places.h * places.w)], found \(shape)")
    return Tape.record(
      "fold", geometry.attributes(kernel: kernel), inputs: [self],
      output: backend.fold(detached(), size: size, kernel: kernel, geometry)
    ) {
      [$0.backend.unfold($0, kernel: kernel, geometry)]
    }
  }

  private func checkKernel(_ operation: StaticString, _ kernel: Pair) {
    precondition(
      kernel.h > 0 && kernel.w > 0, "\(operation): a kernel of at least one row and column, found \(kernel)")
  }
}
