/// A `dropout_layer`: what is dropped from a residual branch in training.
public enum DropoutConfig: Sendable, Equatable {
  /// Single elements.
  case elements(Float)
  /// The branch of whole samples: stochastic depth.
  case path(Float)

  public func make() -> any UnaryModule {
    switch self {
    case .elements(let probability): Dropout(probability)
    case .path(let probability): DropPath(probability)
    }
  }
}

extension DropoutConfig: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    let standard: Float
    switch type {
    case "Dropout": standard = 0.5
    case "DropPath": standard = 0.1
    default:
      throw BuildError(
        .unknownName(type, role: "dropout layer", known: ["DropPath", "Dropout"]), path: reader.path("type"),
        location: reader.location)
    }
    let probability = try reader.value("drop_prob", default: standard)
    guard (0...1).contains(probability) else {
      throw reader.invalid("must be in 0...1, found \(probability)", key: "drop_prob")
    }
    if type == "Dropout" { reader.ignore("inplace") }
    self = type == "Dropout" ? .elements(probability) : .path(probability)
  }
}

/// Probabilities of stochastic depth that grow evenly from 0 to `last`, one for each of `count` layers, worked out in
/// single precision as `torch.linspace` does.
public func stochasticDepthRates(_ last: Float, count: Int) -> [Float] {
  guard count > 1 else { return [Float](repeating: 0, count: max(0, count)) }
  let step = last / Float(count - 1)
  return (0..<count).map { $0 < count / 2 ? step * Float($0) : last - step * Float(count - 1 - $0) }
}
