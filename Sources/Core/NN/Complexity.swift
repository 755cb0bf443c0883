/// How much work a forward pass is, and how many parameters a model has.
///
/// Counts as mmcv's `get_model_complexity_info` does: a multiplication with its addition is one operation; convolutions,
/// linear layers, normalisation, pooling and rectifiers count, matrix products of attention and resizing do not.
public struct Complexity: Sendable, Equatable {
  public var flops: Int
  public var parameters: Int

  public init(flops: Int, parameters: Int) { (self.flops, self.parameters) = (flops, parameters) }

  /// Watches `forward` on a picture of zeros `[1, C, H, W]`.
  public init(of model: Module, inputShape: [Int], forward: (Tensor) throws -> Void) rethrows {
    let recorder = OperationRecorder()
    try OperationRecorder.$current.withValue(recorder) {
      try withoutGradient { try forward(Tensor.zeros([1] + inputShape)) }
    }
    flops = recorder.operations.reduce(0) { $0 + Self.flops($1) }
    parameters = model.parameters.filter(\.requiresGradient).reduce(0) { $0 + $1.count }
  }

  private static func flops(_ operation: OperationRecorder.Operation) -> Int {
    func count(_ shape: [Int]?) -> Int { shape?.reduce(1, *) ?? 0 }
    let input = operation.inputShapes.first ?? nil
    let output = operation.outputShapes.first ?? []
    /// The shape of the operand at `index`, if it was given.
    func operand(_ index: Int) -> [Int]? {
      operation.inputShapes.indices.contains(index) ? operation.inputShapes[index] : nil
    }
    switch operation.name {
    case "conv2d":
      guard output.count == 4 else { return 0 }
      let positions = output[0] * output[2] * output[3]
      return positions * count(operand(1)) + (operand(2) == nil ? 0 : output[1] * positions)
    case "conv_transpose2d":
      guard let input, input.count == 4, output.count == 4 else { return 0 }
      return input[0] * input[2] * input[3] * count(operand(1)) + (operand(2) == nil ? 0 : count(output))
    case "linear": return count(input) * (output.last ?? 0)
    case "batch_norm", "layer_norm", "group_norm", "instance_norm":
      return count(input) * (operand(1) == nil ? 1 : 2)
    case "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d": return count(input)
    case "relu", "relu6", "leaky_relu", "elu", "prelu": return count(output)
    default: return 0
    }
  }

  /// `4.12 GFLOPs`: the original counts small models in that unit too.
  public var flopsText: String { "\(Self.rounded(flops, 1e9)) GFLOPs" }

  /// `25.56 M`
  public var parametersText: String {
    switch parameters {
    case 1_000_000...: "\(Self.rounded(parameters, 1e6)) M"
    case 1_000...: "\(Self.rounded(parameters, 1e3)) k"
    default: "\(parameters)"
    }
  }

  private static func rounded(_ value: Int, _ unit: Double) -> String {
    PythonText.repr(PythonText.rounded(Double(value) / unit, 2))
  }
}
