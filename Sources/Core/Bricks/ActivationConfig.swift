import PyConfig

/// An `act_cfg`: which activation layers a model is built with.
public enum ActivationConfig: Sendable, Equatable {
  /// A function of single elements without parameters.
  case function(UnaryOperation)
  /// `PReLU` learns its slope.
  case prelu(parameters: Int, initial: Double)

  public static let relu = ActivationConfig.function(.relu)
  public static let relu6 = ActivationConfig.function(.relu6)

  public func make() -> any UnaryModule {
    switch self {
    case .function(let operation): Activation(operation)
    case .prelu(let parameters, let initial): PReLU(parameters: parameters, start: initial)
    }
  }

  /// How convolutions and normalisations can take the activation along, if they can.
  public var fused: FusedActivation? { operation.flatMap { FusedActivation($0) } }

  /// The function, if it needs no parameters.
  public var operation: UnaryOperation? {
    if case .function(let operation) = self { operation } else { nil }
  }
}

extension ActivationConfig: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    reader.ignore("inplace")
    switch type {
    case "ReLU": self = .relu
    case "ReLU6": self = .relu6
    case "LeakyReLU": self = .function(.leakyReLU(slope: try reader.value("negative_slope", default: 0.01)))
    case "PReLU":
      self = .prelu(
        parameters: try reader.value("num_parameters", default: 1),
        initial: try reader.value("init", default: 0.25))
    case "ELU": self = .function(.elu(alpha: try reader.value("alpha", default: 1)))
    case "Sigmoid": self = .function(.sigmoid)
    case "Tanh": self = .function(.tanh)
    case "SiLU", "Swish": self = .function(.silu)
    case "HSwish": self = .function(.hardSwish)
    case "HSigmoid":
      self = .function(
        .hardSigmoid(
          bias: try reader.value("bias", default: 3), divisor: try reader.value("divisor", default: 6),
          min: try reader.value("min_value", default: 0), max: try reader.value("max_value", default: 1)))
    case "GELU": self = .function(.gelu)
    case "Mish": self = .function(.mish)
    case "Clamp", "Clip":
      self = .function(
        .clamp(min: try reader.value("min", default: -1), max: try reader.value("max", default: 1)))
    default:
      throw BuildError(
        .unknownName(
          type, role: "activation layer",
          known: [
            "Clamp", "Clip", "ELU", "GELU", "HSigmoid", "HSwish", "LeakyReLU", "Mish", "PReLU", "ReLU",
            "ReLU6",
            "SiLU", "Sigmoid", "Swish", "Tanh",
          ]), path: reader.path("type"), location: reader.location)
    }
  }
}
