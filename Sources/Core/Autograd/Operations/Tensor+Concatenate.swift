// Joining tensors.
extension Tensor {
  /// The tensors one behind the other along `axis`, as `torch.cat`. Tensors `[0]` are left out, as there.
  ///
  /// - Precondition: there is one at least; types agree, and sizes but for that of `axis`.
  public static func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
    let kept =
      tensors.contains { $0.shape != [0] } ? tensors.filter { $0.shape != [0] } : Array(tensors.prefix(1))
    guard let first = kept.first else { preconditionFailure("Tensor.concatenate: at least one tensor") }
    if kept.count == 1 { return first }
    let at = first.axis(axis, "Tensor.concatenate")
    var shape = first.shape
    shape[at] = 0
    for tensor in kept {
      let agrees =
        tensor.rank == first.rank && tensor.dtype == first.dtype
        && first.shape.indices.allSatisfy { $0 == at || tensor.shape[$0] == first.shape[$0] }
      precondition(
        agrees,
        "Tensor.concatenate: \(first.dtype) \(first.shape) but for axis \(at), found \(tensor.dtype) \(tensor.shape)"
      )
      shape[at] += tensor.shape[at]
    }
    // The layout of the first tensor that has one to speak of.
    let leader = kept.first { $0.isDense && $0.count > 1 } ?? first
    let output = Tensor(
      uninitialized: shape, strides: Strides.dense(shape, like: leader.strides), dtype: first.dtype,
      device: first.device)
    var start = 0
    for tensor in kept {
      let end = start + tensor.shape[at]
      output.backend.copy(tensor.detached(), into: output.sliced(at, start..<end))
      start = end
    }
    let sizes = kept.map { $0.shape[at] }
    let wanted = kept.map(\.requiresGradient)
    return Tape.record("concatenate", ["axis": .int(at)], inputs: kept, output: output) { gradient in
      zip(gradient.split(at, sizes: sizes), wanted).map { $1 ? $0 : nil }
    }
  }

  /// Tensors of one shape behind each other along a new axis, as `torch.stack`.
  public static func stack(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
    concatenate(tensors.map { $0.unsqueezed(axis) }, axis: axis)
  }
}
