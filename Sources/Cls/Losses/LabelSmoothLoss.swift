import Core

/// Cross entropy with smoothed targets.
///
/// Szegedy et al., 2015, section 7 (<https://arxiv.org/abs/1512.00567>). Mirrors mmcls's `LabelSmoothLoss`:
/// - `original`: `(1 − ε) δ + ε / K`
/// - `classy_vision`: `(δ + ε / K) / (1 + ε)`
/// - `multi_label`: `(1 − 2ε) δ + ε`, with sigmoids
public final class LabelSmoothLoss: Module, ClassificationLoss {
  public enum Mode: String, Sendable, CaseIterable, ConfigDecodable {
    case original
    case classyVision = "classy_vision"
    case multiLabel = "multi_label"
  }

  public struct Config: ConfigRecord, Sendable {
    /// ε
    public var smoothing: Float
    public var classes: Int?
    public var mode: Mode
    public var reduction: LossReduction
    /// Accepted as by the original, whose inner loss does not see it: the loss is not scaled.
    public var lossWeight: Float

    public init(from reader: inout ConfigReader) throws {
      smoothing = try reader.value("label_smooth_val")
      guard (0..<1).contains(smoothing) else {
        throw reader.invalid("must be in 0..<1, found \(smoothing)", key: "label_smooth_val")
      }
      classes = try reader.optional("num_classes")
      mode = try reader.value("mode", default: .original)
      reduction = try reader.value("reduction", default: .mean)
      lossWeight = try reader.value("loss_weight", default: 1)
    }
  }

  private let config: Config
  private let inner: CrossEntropyLoss

  public init(_ config: Config) {
    self.config = config
    inner = CrossEntropyLoss(.init(form: config.mode == .multiLabel ? .sigmoid : .soft))
  }

  public func callAsFunction(
    _ scores: Tensor, _ target: ClassificationTarget, weight: Tensor? = nil, averageFactor: Double? = nil
  ) throws -> Tensor {
    let classes = scores.shape[1]
    if let expected = config.classes, expected != classes {
      throw InvalidConfig("LabelSmoothLoss: num_classes is \(expected), the head gives \(classes) scores")
    }
    try target.check(against: scores)
    let hard: Tensor
    switch target {
    case .labels(let labels): hard = labels.oneHot(classes: classes)
    case .scores(let scores): hard = scores
    }
    let epsilon = config.mode == .classyVision ? config.smoothing / (1 + config.smoothing) : config.smoothing
    let smooth: Tensor
    switch config.mode {
    case .original, .classyVision: smooth = hard * (1 - epsilon) + epsilon / Float(classes)
    case .multiLabel:
      smooth = Tensor.where(hard.compared(.greater, 0), Tensor(1 - epsilon), Tensor(epsilon))
    }
    return try inner(scores, .scores(smooth), weight: weight, averageFactor: averageFactor)
  }
}
