import Core

/// A `cls_predictor_cfg` or `reg_predictor_cfg`: the last layer of a box head.
public enum LinearPredictor: ConfigRecord, Sendable, Equatable {
  case plain(bias: Bool)
  case normed(NormedOptions)

  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    switch type {
    case "Linear": self = .plain(bias: try reader.value("bias", default: true))
    case "NormedLinear": self = .normed(try NormedOptions(from: &reader))
    default:
      throw BuildError(
        .unknownName(type, role: "linear layer", known: ["Linear", "NormedLinear"]),
        path: reader.path("type"),
        location: reader.location)
    }
  }

  public func make(_ inFeatures: Int, _ outFeatures: Int) -> any UnaryModule {
    switch self {
    case .plain(let bias): Linear(inFeatures, outFeatures, bias: bias)
    case .normed(let options): NormedLinear(inFeatures, outFeatures, options)
    }
  }
}

/// A `predictor_cfg` of a mask head: its last layer, a 1x1 convolution.
public enum ConvPredictor: ConfigRecord, Sendable, Equatable {
  case plain
  case normed(NormedOptions)

  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    switch type {
    case "Conv", "Conv2d": self = .plain
    case "NormedConv2d":
      self = .normed(try NormedOptions(from: &reader))
      // Over a 1x1 kernel both ways of taking its length are the same.
      _ = try reader.value("norm_over_kernel", default: false)
    default:
      throw BuildError(
        .unknownName(type, role: "convolution layer", known: ["Conv", "Conv2d", "NormedConv2d"]),
        path: reader.path("type"), location: reader.location)
    }
  }

  public func make(_ inChannels: Int, _ outChannels: Int) -> any UnaryModule {
    switch self {
    case .plain: Conv2d(inChannels, outChannels, kernel: 1)
    case .normed(let options): NormedConv2d(inChannels, outChannels, options)
    }
  }
}
