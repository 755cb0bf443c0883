// Taking and placing elements by index. Index tensors are of an integer type; indices out of range trap.
extension Tensor {
  /// The slices of this tensor at `index` `[m]` along `axis`, as `torch.index_select`.
  public func indexSelected(_ axis: Int, _ index: Tensor) -> Tensor {
    let at = self.axis(axis, "Tensor.indexSelected")
    precondition(index.rank == 1, "Tensor.indexSelected: indices [m], found shape \(index.shape)")
    let rows = index.asIndices("indexSelected")
    let (shape, strides) = (shape, strides)
    let output = backend.indexSelect(detached(), axis: at, index: rows)
    return Tape.record("index_select", ["axis": .int(at)], inputs: [self], output: output, saving: [rows]) {
      gradient in
      [gradient.backend.indexAdd(gradient, axis: at, index: rows, shape: shape, strides: strides)]
    }
  }

  /// The slices at `indices` along `axis`.
  public func indexSelected(_ axis: Int, _ indices: [Int]) -> Tensor {
    indexSelected(axis, Tensor(indices.map { Int64($0) }))
  }

  /// `x[i][index[i][j][k]][k]` for axis 1 of three, as `torch.gather`.
  ///
  /// - Precondition: `index` has as many axes; its sizes are at most those of this tensor, but for `axis`.
  public func gathered(_ axis: Int, _ index: Tensor) -> Tensor {
    let at = self.axis(axis, "Tensor.gathered")
    let rows = index.asIndices("gathered")
    let source = cut(to: rows.shape, except: at, "gathered")
    let shape = source.shape
    let output = backend.gather(source.detached(), axis: at, index: rows)
    return Tape.record("gather", ["axis": .int(at)], inputs: [source], output: output, saving: [rows]) {
      gradient in
      [gradient.backend.scatter(Tensor.zeros(shape), axis: at, index: rows, gradient, adding: true)]
    }
  }

  /// This tensor with `values` written at `index` along `axis`, as `torch.scatter`; of equal indices the last counts.
  ///
  /// - Precondition: `index` has the sizes of this tensor, but for `axis`; those of `values` are not smaller.
  public func scattered(_ axis: Int, _ index: Tensor, _ values: Tensor) -> Tensor {
    let (at, rows, values) = scatterOperands(axis, index, values, "scattered")
    let output = backend.scatter(detached(), axis: at, index: rows, values.detached(), adding: false)
    return Tape.record("scatter", ["axis": .int(at)], inputs: [self, values], output: output, saving: [rows])
    { g in
      let backend = g.backend
      return [
        backend.scatter(g, axis: at, index: rows, Tensor.zeros(rows.shape), adding: false),
        backend.gather(g, axis: at, index: rows),
      ]
    }
  }

  /// This tensor with `values` added at `index` along `axis`, as `torch.scatter_add`.
  public func scatterAdded(_ axis: Int, _ index: Tensor, _ values: Tensor) -> Tensor {
    let (at, rows, values) = scatterOperands(axis, index, values, "scatterAdded")
    let output = backend.scatter(detached(), axis: at, index: rows, values.detached(), adding: true)
    return Tape.record(
      "scatter_add", ["axis": .int(at)], inputs: [self, values], output: output, saving: [rows]
    ) { g in
      [g, g.backend.gather(g, axis: at, index: rows)]
    }
  }

  /// Rows of this table `[rows, width]`: `indices.shape + [width]`.
  ///
  /// - Parameter paddingIndex: the row that gets no gradient, if any.
  public func embedding(_ indices: Tensor, paddingIndex: Int? = nil) -> Tensor {
    requireFloat("embedding")
    precondition(rank == 2, "Tensor.embedding: a table [rows, width], found \(shape)")
    let (rows, count) = (indices.asIndices("embedding"), shape[0])
    let output = backend.embedding(detached(), rows)
    return Tape.record("embedding", inputs: [self], output: output, saving: [rows]) { gradient in
      [gradient.backend.embeddingGradient(gradient, rows, rows: count, padding: paddingIndex)]
    }
  }

  /// 1 at each index and 0 elsewhere: `shape + [classes]`, as `float32`.
  public func oneHot(classes: Int) -> Tensor {
    precondition(classes >= 0, "Tensor.oneHot: classes must not be negative, found \(classes)")
    return backend.oneHot(asIndices("oneHot"), classes: classes)
  }

  /// The elements at which `mask`, broadcast to this tensor's shape, holds: `[count]` in row-major order.
  public func maskedSelected(_ mask: Tensor) -> Tensor {
    precondition(mask.dtype == .bool, "Tensor.maskedSelected: a bool mask, found \(mask.dtype)")
    let target = broadcastShape(shape, mask.shape, operation: "Tensor.maskedSelected")
    let positions = backend.nonzero(mask.detached().expanded(to: target))
    return expanded(to: target).reshaped([-1]).indexSelected(0, positions)
  }

  /// Indices of the elements that are not 0: `[count, rank]` in row-major order, as `torch.nonzero`.
  public func nonzero() -> Tensor {
    let positions = nonzeroPositions().elements(as: Int64.self)
    var indices = [Int64](repeating: 0, count: positions.count * rank)
    for (row, position) in positions.enumerated() {
      var rest = Int(position)
      for axis in (0..<rank).reversed() {
        indices[row * rank + axis] = Int64(rest % shape[axis])
        rest /= shape[axis]
      }
    }
    return Tensor(indices, shape: [positions.count, rank])
  }

  /// Row-major positions of the elements that are not 0: `[count]`.
  public func nonzeroPositions() -> Tensor {
    backend.nonzero((dtype == .bool ? self : compared(.notEqual, 0)).detached())
  }

  /// This tensor as `int64` and outside any graph.
  func asIndices(_ operation: StaticString) -> Tensor {
    precondition(
      dtype != .bool && !dtype.isFloatingPoint,
      "Tensor.\(operation): indices of an integer type, found \(dtype)")
    return converted(to: .int64).detached()
  }

  /// The corner of this tensor that `target` covers, `axis` left whole.
  private func cut(to target: [Int], except axis: Int, _ operation: StaticString) -> Tensor {
    let fits = target.count == rank && (0..<rank).allSatisfy { $0 == axis || target[$0] <= shape[$0] }
    precondition(
      fits, "Tensor.\(operation): indices within \(shape) but for axis \(axis), found shape \(target)")
    var result = self
    for other in 0..<rank where other != axis && target[other] != shape[other] {
      result = result.sliced(other, 0..<target[other])
    }
    return result
  }

  private func scatterOperands(
    _ axis: Int, _ index: Tensor, _ values: Tensor, _ operation: StaticString
  ) -> (axis: Int, index: Tensor, values: Tensor) {
    requireFloat(operation)
    values.requireFloat(operation)
    let at = self.axis(axis, "Tensor.scatter")
    let rows = index.asIndices(operation)
    let agrees = rows.rank == rank && (0..<rank).allSatisfy { $0 == at || rows.shape[$0] == shape[$0] }
    precondition(
      agrees, "Tensor.\(operation): indices like \(shape) but for axis \(at), found shape \(rows.shape)")
    let fitting = values.cut(to: rows.shape, except: at, operation)
    precondition(
      fitting.shape[at] >= rows.shape[at],
      "Tensor.\(operation): values for indices \(rows.shape), found \(values.shape)")
    return (at, rows, fitting.shape[at] == rows.shape[at] ? fitting : fitting.sliced(at, 0..<rows.shape[at]))
  }
}
