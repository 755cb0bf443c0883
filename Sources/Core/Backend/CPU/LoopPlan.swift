/// How a kernel walks several tensors of one shape: axes in the order of one tensor's memory, slowest first, axes of one
/// element left out, axes that lie behind each other in all of them merged.
struct LoopPlan {
  private(set) var shape: [Int] = []
  /// Strides of each tensor, in elements.
  private(set) var strides: [[Int]]

  var rank: Int32 { Int32(shape.count) }

  /// - Parameters:
  ///   - leader: the strides that decide the order of the axes.
  ///   - strides: of all tensors, one for each axis of `shape`.
  init(shape: [Int], orderedBy leader: [Int], strides tensors: [[Int]]) {
    strides = Array(repeating: [], count: tensors.count)
    let axes = shape.indices.filter { shape[$0] != 1 }.sorted { (leader[$0], $1) > (leader[$1], $0) }
    for axis in axes {
      let last = self.shape.count - 1
      let merges =
        last >= 0 && tensors.indices.allSatisfy { strides[$0][last] == shape[axis] * tensors[$0][axis] }
      if merges {
        self.shape[last] *= shape[axis]
        for tensor in tensors.indices { strides[tensor][last] = tensors[tensor][axis] }
      } else {
        self.shape.append(shape[axis])
        for tensor in tensors.indices { strides[tensor].append(tensors[tensor][axis]) }
      }
    }
    precondition(self.shape.count <= 8, "LoopPlan: at most 8 axes after merging, found \(self.shape.count)")
  }

  /// The strides with which `tensor` is read as if it had `shape`: 0 along axes that it is broadcast over.
  static func broadcastStrides(_ tensor: Tensor, to shape: [Int]) -> [Int] {
    let lead = shape.count - tensor.rank
    return shape.indices.map { axis in
      axis < lead || tensor.shape[axis - lead] != shape[axis] ? 0 : tensor.strides[axis - lead]
    }
  }
}
