// Tokens as feature maps and back. Both lie in memory as rows of channels, so that neither copies.
extension Tensor {
  /// `[N, H · W, C]` as `[N, C, H, W]`.
  public func tokensAsMap(_ size: Pair) -> Tensor {
    precondition(
      rank == 3 && shape[1] == size.h * size.w,
      "Tensor.tokensAsMap: [N, \(size.h * size.w), C], found \(shape)")
    return reshaped([shape[0], size.h, size.w, shape[2]]).permuted([0, 3, 1, 2])
  }

  /// `[N, C, H, W]` as `[N, H · W, C]`.
  public func mapAsTokens() -> Tensor {
    precondition(rank == 4, "Tensor.mapAsTokens: [N, C, H, W], found \(shape)")
    return permuted([0, 2, 3, 1]).reshaped([shape[0], shape[2] * shape[3], shape[1]])
  }
}
