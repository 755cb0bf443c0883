/// Where the gradient with respect to one tensor goes: one of the outputs of an operation, or a leaf.
struct GradientEdge {
  let node: Node
  let output: Int
}

/// The place in which the gradients of a leaf tensor add up.
public final class GradientSlot {
  /// The sum of the gradients of all backward passes since it was last cleared.
  public var gradient: Tensor?
  public init() {}
}

/// One recorded operation: what it was called, where its inputs came from, and how gradients pass through it.
///
/// A node holds what its backward needs and nothing else, and lets go of it once used.
final class Node {
  typealias Backward = (_ outputGradients: [Tensor?]) -> [Tensor?]

  let name: StaticString
  /// Later operations have higher numbers.
  let sequence: Int
  let outputCount: Int
  private(set) var inputs: [GradientEdge?]
  private(set) var backward: Backward?
  /// The values that `backward` needs, with their versions at the time they were recorded.
  private var saved: [(storage: Storage, version: Int)]
  /// Set for leaves only.
  let slot: GradientSlot?
  /// How a leaf's gradient lies in memory: as the leaf itself.
  let layout: [Int]
  private(set) var isFreed = false

  /// A leaf whose elements lie with the (dense) strides `layout`.
  init(slot: GradientSlot, layout: [Int]) {
    (name, sequence, outputCount, inputs, backward, saved) = ("leaf", 0, 1, [], nil, [])
    (self.slot, self.layout) = (slot, layout)
  }

  init(
    name: StaticString, sequence: Int, inputs: [GradientEdge?], outputCount: Int, saving tensors: [Tensor],
    backward: @escaping Backward
  ) {
    (self.name, self.sequence, self.inputs) = (name, sequence, inputs)
    (self.outputCount, self.backward, slot, layout) = (outputCount, backward, nil, [])
    saved = tensors.map { ($0.storage, $0.storage.version) }
  }

  /// Passes gradients of the outputs through; frees the node unless `keeping`.
  func run(_ gradients: [Tensor?], keeping: Bool) -> [Tensor?] {
    guard let backward else {
      preconditionFailure(
        "\(name).backward: the graph was freed by an earlier backward pass; keep it with keepingGraph")
    }
    for (storage, version) in saved where storage.version != version {
      preconditionFailure(
        "\(name).backward: a value that it needs was modified in place (version \(storage.version), recorded \(version))"
      )
    }
    let result = backward(gradients)
    if !keeping { release() }
    return result
  }

  /// Lets go of the closure and the saved values.
  func release() {
    backward = nil
    saved = []
    isFreed = true
  }

  deinit {
    // Chains of tens of thousands of nodes must not be freed by recursion: take the inputs apart in a loop.
    var pending = inputs
    inputs = []
    backward = nil
    while let edge = pending.popLast() {
      guard var node = edge?.node else { continue }
      _ = consume edge
      if isKnownUniquelyReferenced(&node) {
        pending.append(contentsOf: node.inputs)
        node.inputs = []
      }
    }
  }
}
