extension Tensor {
  /// A leaf with the same elements, whose gradient adds up in `slot`.
  public func requiringGradient(_ slot: GradientSlot = GradientSlot()) -> Tensor {
    precondition(dtype.isFloatingPoint, "Tensor.requiringGradient: a floating-point tensor, found \(dtype)")
    var leaf = detached()
    leaf.edge = GradientEdge(node: Node(slot: slot, layout: Strides.dense(shape, like: strides)), output: 0)
    return leaf
  }

  /// Whether gradients with respect to this tensor, or to something that it was computed from, are wanted.
  public var requiresGradient: Bool { edge != nil }

  /// The gradient that backward passes have left in this leaf.
  public var gradient: Tensor? { edge?.node.slot?.gradient }

  /// Adds the gradients of this tensor with respect to all leaves to the leaves' slots.
  ///
  /// - Parameters:
  ///   - seed: the gradient of the final result with respect to this tensor; 1 where it has one element.
  ///   - keepingGraph: whether another backward pass through the same graph may follow.
  public func backward(_ seed: Tensor? = nil, keepingGraph: Bool = false) {
    guard let edge else {
      preconditionFailure("Tensor.backward: nothing that this tensor was computed from requires a gradient")
    }
    precondition(seed != nil || count == 1, "Tensor.backward: a seed for a tensor of shape \(shape)")
    let seed = seed?.detached() ?? Tensor.full(shape, 1)
    precondition(seed.shape == shape, "Tensor.backward: a seed of shape \(shape), found \(seed.shape)")
    withoutGradient { Backward(keepingGraph: keepingGraph).run(from: edge, seed: seed) }
  }
}

/// The gradients of `result` with respect to `leaves`, without touching what their slots hold.
public func gradients(of result: Tensor, withRespectTo leaves: [Tensor], seed: Tensor? = nil) -> [Tensor?] {
  let slots = leaves.map { leaf -> GradientSlot in
    guard let slot = leaf.edge?.node.slot else { preconditionFailure("gradients: each must be a leaf") }
    return slot
  }
  let before = slots.map(\.gradient)
  for slot in slots { slot.gradient = nil }
  result.backward(seed)
  defer { for (slot, gradient) in zip(slots, before) { slot.gradient = gradient } }
  return slots.map(\.gradient)
}

/// One backward pass.
private struct Backward {
  let keepingGraph: Bool

  /// A node that waits for the gradients of its outputs.
  private final class Pending {
    let node: Node
    var gradients: [Tensor?]
    /// Which of `gradients` this pass made itself and may add to in place.
    var owned: [Bool]
    init(_ node: Node) {
      self.node = node
      gradients = Array(repeating: nil, count: node.outputCount)
      owned = Array(repeating: false, count: node.outputCount)
    }
  }

  /// Visits nodes from the latest operation to the earliest: each then has all gradients of its outputs.
  func run(from edge: GradientEdge, seed: Tensor) {
    var queue = Heap()
    var waiting: [ObjectIdentifier: Pending] = [:]
    var seed: Tensor? = seed
    accumulate(&seed, at: edge, in: &waiting, &queue)
    while let node = queue.popLatest() {
      guard let pending = waiting.removeValue(forKey: ObjectIdentifier(node)) else { continue }
      let inputs = node.inputs
      var gradients = node.run(pending.gradients, keeping: keepingGraph)
      pending.gradients = []
      for index in gradients.indices {
        guard let input = inputs[index] else { continue }
        accumulate(&gradients[index], at: input, in: &waiting, &queue)
      }
    }
  }

  /// Adds `gradient`, which is taken away from the caller, to what waits at `edge`.
  private func accumulate(
    _ gradient: inout Tensor?, at edge: GradientEdge, in waiting: inout [ObjectIdentifier: Pending],
    _ queue: inout Heap
  ) {
    guard let gradient = gradient.take() else { return }
    if let slot = edge.node.slot { return add(gradient, to: slot, layout: edge.node.layout) }
    let pending: Pending
    if let known = waiting[ObjectIdentifier(edge.node)] {
      pending = known
    } else {
      pending = Pending(edge.node)
      waiting[ObjectIdentifier(edge.node)] = pending
      queue.insert(edge.node)
    }
    guard let sum = pending.gradients[edge.output] else {
      pending.gradients[edge.output] = gradient.detached()
      return
    }
    if pending.owned[edge.output], sum.dtype == .float32 {
      sum.addInPlace(gradient)
    } else {
      pending.gradients[edge.output] = sum + gradient
      pending.owned[edge.output] = true
    }
  }

  /// Adds `gradient` to the slot of a leaf. What a slot holds belongs to it alone and lies as the leaf does, so that
  /// optimizers and clipping may change it in place.
  private func add(_ gradient: consuming Tensor, to slot: GradientSlot, layout: [Int]) {
    if var sum = slot.gradient.take() {
      if sum.dtype == .float32, sum.isOnlyOwner() {
        sum.addInPlace(gradient)
        slot.gradient = sum
      } else {
        slot.gradient = sum + gradient
      }
      return
    }
    gradient.edge = nil
    let lies = gradient.isDense && Strides.agree(gradient.strides, layout, shape: gradient.shape)
    slot.gradient =
      lies && gradient.isOnlyOwner() ? gradient : gradient.backend.copy(gradient, strides: layout)
  }

  /// Nodes ordered by the time they were recorded.
  private struct Heap {
    private var nodes: [Node] = []

    mutating func insert(_ node: Node) {
      nodes.append(node)
      var child = nodes.count - 1
      while child > 0, nodes[(child - 1) / 2].sequence < nodes[child].sequence {
        nodes.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    }

    mutating func popLatest() -> Node? {
      guard let top = nodes.first else { return nil }
      nodes.swapAt(0, nodes.count - 1)
      nodes.removeLast()
      var parent = 0
      while 2 * parent + 1 < nodes.count {
        var child = 2 * parent + 1
        if child + 1 < nodes.count, nodes[child + 1].sequence > nodes[child].sequence { child += 1 }
        if nodes[parent].sequence >= nodes[child].sequence { break }
        nodes.swapAt(parent, child)
        parent = child
      }
      return top
    }
  }
}
