import CKernels
import Synchronization

/// Runs `body` without recording gradients on this thread.
public func withoutGradient<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = mm_grad_enabled()
  mm_set_grad_enabled(0)
  defer { mm_set_grad_enabled(before) }
  return try body()
}

/// Runs `body` with gradients recorded on this thread, also inside `withoutGradient`.
public func withGradient<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = mm_grad_enabled()
  mm_set_grad_enabled(1)
  defer { mm_set_grad_enabled(before) }
  return try body()
}

/// Whether operations on this thread are recorded for a backward pass.
public var isGradientEnabled: Bool { mm_grad_enabled() != 0 }

/// The record of operations, from which backward passes and `OperationRecorder`s work.
enum Tape {
  private static let sequence = Atomic<Int>(0)

  /// Whether an operation on `inputs` has to be recorded: then it keeps what backward needs.
  static func isRecording(_ inputs: Tensor?...) -> Bool {
    guard isGradientEnabled else { return false }
    return inputs.contains { $0?.edge != nil }
  }

  /// Gives `output` its place in the graph.
  ///
  /// - Parameters:
  ///   - attributes: what an `OperationRecorder` sees besides shapes.
  ///   - inputs: the operands; gradients flow to those that have an edge.
  ///   - saving: the tensors that `backward` reads; changing them in place before it is an error.
  ///   - backward: from the gradient of the output to one of each input (`nil` where there is none). It is called once
  ///     and must capture nothing that leads back to `output`'s node: capture `detached()` tensors.
  static func record(
    _ name: StaticString, _ attributes: @autoclosure () -> [String: OperationAttribute] = [:],
    inputs: [Tensor?],
    output: Tensor, saving: [Tensor] = [], backward: @escaping (_ gradient: Tensor) -> [Tensor?]
  ) -> Tensor {
    record(name, attributes(), inputs: inputs, outputs: [output], saving: saving) { gradients in
      gradients[0].map(backward) ?? []
    }[0]
  }

  /// Gives the outputs of an operation with several their place in the graph.
  static func record(
    _ name: StaticString, _ attributes: @autoclosure () -> [String: OperationAttribute] = [:],
    inputs: [Tensor?],
    outputs: [Tensor], saving: [Tensor] = [], backward: @escaping Node.Backward
  ) -> [Tensor] {
    OperationRecorder.current?.note(name, attributes(), inputs: inputs, outputs: outputs)
    guard isGradientEnabled, inputs.contains(where: { $0?.edge != nil }) else { return outputs }
    let node = Node(
      name: name, sequence: sequence.wrappingAdd(1, ordering: .relaxed).newValue,
      inputs: inputs.map { $0?.edge },
      outputCount: outputs.count, saving: saving, backward: backward)
    return outputs.enumerated().map { index, output in
      var output = output
      if output.dtype.isFloatingPoint { output.edge = GradientEdge(node: node, output: index) }
      return output
    }
  }
}
