// Matrix products and their gradients. Transposed views are multiplied where they lie.
extension Tensor {
  /// The matrix product, by the rules of `torch.matmul`: the last two axes are multiplied, those before them broadcast;
  /// a vector counts as a row on the left and as a column on the right, and its axis disappears.
  ///
  /// - Parameter scale: a factor for the product, free of cost.
  /// - Precondition: the inner sizes agree.
  public func matmul(_ other: Tensor, scale: Float = 1) -> Tensor {
    requireFloat("matmul")
    other.requireFloat("matmul")
    precondition(
      rank > 0 && other.rank > 0, "Tensor.matmul: at least one axis each, found \(shape) and \(other.shape)")
    if rank == 1 { return unsqueezed(0).matmul(other, scale: scale).squeezed(other.rank == 1 ? 0 : -2) }
    if other.rank == 1 { return matmul(other.unsqueezed(1), scale: scale).squeezed(-1) }
    precondition(
      shape[rank - 1] == other.shape[other.rank - 2],
      "Tensor.matmul: the inner sizes must agree, found \(shape) and \(other.shape)")
    if rank > 2 && other.rank == 2 {
      // One large product instead of a batch of small ones.
      let rows = elementCount(of: Array(shape.dropLast()))
      return reshaped([rows, shape[rank - 1]]).product(other, scale).reshaped(
        shape.dropLast() + [other.shape[1]])
    }
    return product(other, scale)
  }

  /// Products of matrices `[b, m, k]` and `[b, k, n]`, pair by pair.
  public func bmm(_ other: Tensor) -> Tensor {
    precondition(
      rank == 3 && other.rank == 3 && shape[0] == other.shape[0],
      "Tensor.bmm: [b, m, k] and [b, k, n], found \(shape) and \(other.shape)")
    return matmul(other)
  }

  /// Every product of an element of this vector and one of `other`: `[m]` and `[n]` give `[m, n]`.
  public func outer(_ other: Tensor) -> Tensor {
    precondition(rank == 1 && other.rank == 1, "Tensor.outer: two vectors, found \(shape) and \(other.shape)")
    return unsqueezed(1) * other.unsqueezed(0)
  }

  /// The sum of the products of two vectors' elements.
  public func dot(_ other: Tensor) -> Tensor {
    precondition(
      rank == 1 && shape == other.shape,
      "Tensor.dot: two vectors of one size, found \(shape) and \(other.shape)")
    return matmul(other)
  }

  /// `x · weightᵀ + bias` over the last axis, as `torch.nn.functional.linear`.
  ///
  /// - Parameters:
  ///   - weight: `[out, in]`.
  ///   - bias: `[out]`.
  /// - Returns: `[..., out]` for `[..., in]`.
  public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
    requireFloat("linear")
    weight.requireFloat("linear")
    precondition(
      rank > 0 && weight.rank == 2 && shape[rank - 1] == weight.shape[1],
      "Tensor.linear: [..., in] and a weight [out, in], found \(shape) and \(weight.shape)")
    precondition(
      bias.map { $0.shape == [weight.shape[0]] } ?? true,
      "Tensor.linear: a bias of shape \([weight.shape[0]]), found \(bias?.shape ?? [])")
    if rank != 2 {
      let rows = elementCount(of: Array(shape.dropLast()))
      return reshaped([rows, shape[rank - 1]]).linear(weight, bias: bias)
        .reshaped(shape.dropLast() + [weight.shape[0]])
    }
    let output = backend.linear(detached(), weight: weight.detached(), bias: bias?.detached())
    let (x, w) = (weight.requiresGradient ? detached() : nil, requiresGradient ? weight.detached() : nil)
    let wantsBias = bias?.requiresGradient ?? false
    return Tape.record(
      "linear", inputs: [self, weight, bias], output: output, saving: [x, w].compactMap { $0 }
    ) { g in
      [w.map { g.matmul($0) }, x.map { g.transposed().matmul($0) }, wantsBias ? g.sum([0]) : nil]
    }
  }

  /// The product of operands with at least two axes each, recorded.
  private func product(_ other: Tensor, _ scale: Float) -> Tensor {
    let (aShape, bShape) = (shape, other.shape)
    let batch = broadcastShape(
      Array(shape.dropLast(2)), Array(other.shape.dropLast(2)), operation: "Tensor.matmul")
    let output = backend.matrixProduct(detached(), other.detached(), batch: batch, scale: scale)
    let (a, b) = (other.requiresGradient ? detached() : nil, requiresGradient ? other.detached() : nil)
    return Tape.record("matmul", inputs: [self, other], output: output, saving: [a, b].compactMap { $0 }) {
      g in
      [
        b.map { g.matmul($0.transposed(), scale: scale).summed(to: aShape) },
        a.map { $0.transposed().matmul(g, scale: scale).summed(to: bShape) },
      ]
    }
  }
}
