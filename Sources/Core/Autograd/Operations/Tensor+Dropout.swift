// Randomness in forward passes. Masks are functions of a seed, so that backward can make them again.
extension Tensor {
  /// Each element 0 with probability `probability`, else divided by `1 - probability`, as `torch.nn.functional.dropout`.
  ///
  /// The mask depends on `seed` and the position in memory only; it is not stored but made again for the gradient.
  public func dropout(_ probability: Float, seed: UInt64 = RandomSource.current.next()) -> Tensor {
    requireFloat("dropout")
    precondition(
      (0...1).contains(probability), "Tensor.dropout: a probability in 0...1, found \(probability)")
    if probability == 0 { return self }
    let output = backend.dropout(detached(), probability, seed: seed)
    let strides = output.strides
    return Tape.record("dropout", ["p": .double(Double(probability))], inputs: [self], output: output) {
      gradient in
      let backend = gradient.backend
      return [backend.dropout(backend.copyUnlessStrided(gradient, strides), probability, seed: seed)]
    }
  }

  /// Whole maps `x[n, c]` 0 with probability `probability`, else divided by `1 - probability`.
  public func featureDropout(_ probability: Float, seed: UInt64 = RandomSource.current.next()) -> Tensor {
    precondition(rank >= 2, "Tensor.featureDropout: [N, C, ...], found \(shape)")
    return droppingWhole(leading: 2, probability, seed: seed)
  }

  /// Whole samples `x[n]` 0 with probability `probability`, else divided by `1 - probability`: stochastic depth.
  ///
  /// Mirrors mmcv's `drop_path`, which keeps a sample when `floor(1 - p + u)` is 1 for uniform `u`.
  public func dropPath(_ probability: Float, seed: UInt64 = RandomSource.current.next()) -> Tensor {
    precondition(rank >= 1, "Tensor.dropPath: [N, ...], found \(shape)")
    return droppingWhole(leading: 1, probability, seed: seed)
  }

  private func droppingWhole(leading: Int, _ probability: Float, seed: UInt64) -> Tensor {
    precondition(
      (0...1).contains(probability), "Tensor.dropPath: a probability in 0...1, found \(probability)")
    if probability == 0 { return self }
    let keep = 1 - probability
    var generator = RandomGenerator(seed: seed)
    let factors = (0..<elementCount(of: Array(shape.prefix(leading)))).map { _ in
      keep > 0 && Double(keep) + generator.uniform() >= 1 ? 1 / keep : 0
    }
    let mask = Tensor(factors, shape: shape.prefix(leading) + [Int](repeating: 1, count: rank - leading))
    return self * mask
  }
}
