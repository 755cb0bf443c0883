// Moving channels into space and back.
extension Tensor {
  /// Spreads groups of `factor²` channels over blocks of `factor` by `factor` pixels.
  ///
  /// Shi et al., 2016, <https://arxiv.org/abs/1609.05158>, as `torch.nn.functional.pixel_shuffle`.
  ///
  /// - Input: `[N, C · factor², H, W]`; the result is `[N, C, H · factor, W · factor]`, channels-last.
  public func pixelShuffle(_ factor: Int) -> Tensor {
    requireImage("pixelShuffle")
    precondition(
      factor > 0 && shape[1] % (factor * factor) == 0,
      "Tensor.pixelShuffle: channels divisible by the square of the factor, found \(shape) and \(factor)")
    return Tape.record(
      "pixel_shuffle", ["factor": .int(factor)], inputs: [self],
      output: backend.pixelShuffle(detached(), factor: factor)
    ) {
      [$0.backend.pixelUnshuffle($0, factor: factor)]
    }
  }

  /// Gathers blocks of `factor` by `factor` pixels into channels, as `torch.nn.functional.pixel_unshuffle`.
  ///
  /// - Input: `[N, C, H · factor, W · factor]`; the result is `[N, C · factor², H, W]`, channels-last.
  public func pixelUnshuffle(_ factor: Int) -> Tensor {
    requireImage("pixelUnshuffle")
    precondition(
      factor > 0 && shape[2] % factor == 0 && shape[3] % factor == 0,
      "Tensor.pixelUnshuffle: height and width divisible by the factor, found \(shape) and \(factor)")
    return Tape.record(
      "pixel_unshuffle", ["factor": .int(factor)], inputs: [self],
      output: backend.pixelUnshuffle(detached(), factor: factor)
    ) {
      [$0.backend.pixelShuffle($0, factor: factor)]
    }
  }
}
