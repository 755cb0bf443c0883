import Core
import PyConfig

/// What `model-info` tells about the model of a config.
public struct ModelInfo {
  public var state: [(key: String, shape: [Int])]
  public var parameters: Int
  public var inputShape: [Int]
  /// `nil` where it was not asked for.
  public var flops: Int?

  /// Builds the model.
  ///
  /// - Parameter countsFlops: also runs it, on one picture of `height` and `width`.
  public init(_ config: Config, registries: Registries, height: Int, width: Int, countsFlops: Bool) throws {
    guard let node = config.root["model"] else {
      throw BuildError(.missingKey("model"), path: "", location: config.root.location)
    }
    let model = try withoutInitialValues { try buildAnyModel(node, path: "model", registries) }
    model.train(false)
    inputShape = [model.inputChannels ?? 3, height, width]
    state = model.state.map { ($0.key, $0.value.value.shape) }
    parameters = model.parameterCount
    guard countsFlops else { return }
    try model.check([1] + inputShape)
    let complexity = try Complexity(of: model, inputShape: inputShape) { try model.runDummy($0) }
    (flops, parameters) = (complexity.flops, complexity.parameters)
  }

  /// One JSON object: `{"state_dict": [[name, [shape]], ...], "params": N, "flops": N, "input_shape": [3, H, W]}`.
  public func json(includingState: Bool) -> String {
    var parts: [String] = []
    if includingState {
      let entries = state.map {
        "[\(PythonText.json($0.key)), [\($0.shape.map(String.init).joined(separator: ", "))]]"
      }
      parts.append("\"state_dict\": [\(entries.joined(separator: ", "))]")
    }
    parts.append("\"params\": \(parameters)")
    if let flops { parts.append("\"flops\": \(flops)") }
    parts.append("\"input_shape\": [\(inputShape.map(String.init).joined(separator: ", "))]")
    return "{\(parts.joined(separator: ", "))}"
  }
}
