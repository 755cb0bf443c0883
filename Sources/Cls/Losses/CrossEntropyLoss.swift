import Core

/// Cross entropy over classes, in three forms: of labels, of soft targets (`use_soft`), or of independent sigmoids
/// (`use_sigmoid`).
///
/// Mirrors mmcls's `CrossEntropyLoss`.
public final class CrossEntropyLoss: Module, ClassificationLoss {
  public enum Form: Sendable {
    case labels, soft, sigmoid
  }

  public struct Config: ConfigRecord, Sendable {
    public var form = Form.labels
    public var reduction = LossReduction.mean
    public var lossWeight: Float = 1
    /// One weight a class.
    public var classWeight: [Float]?
    /// Weight of positives for each class, with `use_sigmoid`.
    public var positiveWeight: [Float]?

    public init(form: Form = .labels, reduction: LossReduction = .mean, lossWeight: Float = 1) {
      (self.form, self.reduction, self.lossWeight) = (form, reduction, lossWeight)
    }

    public init(from reader: inout ConfigReader) throws {
      let sigmoid = try reader.value("use_sigmoid", default: false)
      let soft = try reader.value("use_soft", default: false)
      guard !(sigmoid && soft) else { throw reader.invalid("use_sigmoid and use_soft do not go together") }
      form = sigmoid ? .sigmoid : soft ? .soft : .labels
      reduction = try reader.value("reduction", default: .mean)
      lossWeight = try reader.value("loss_weight", default: 1)
      classWeight = try reader.optional("class_weight")
      positiveWeight = try reader.optional("pos_weight")
    }
  }

  private let config: Config

  public init(_ config: Config = Config()) { self.config = config }

  public func callAsFunction(
    _ scores: Tensor, _ target: ClassificationTarget, weight: Tensor? = nil, averageFactor: Double? = nil
  ) throws -> Tensor {
    try target.check(against: scores)
    func perClass(_ weights: [Float], _ key: String) throws -> Tensor {
      guard weights.count == scores.shape[1] else {
        throw InvalidConfig(
          "CrossEntropyLoss: \(key) must have one entry for each of \(scores.shape[1]) classes, found \(weights.count)"
        )
      }
      return Tensor(weights)
    }
    let classWeight = try config.classWeight.map { try perClass($0, "class_weight") }
    let loss: Tensor
    switch (config.form, target) {
    case (.labels, .labels(let labels)):
      loss = scores.crossEntropy(labels, weight: classWeight, reduction: .none)
    case (.soft, .scores(let soft)), (.labels, .scores(let soft)):
      var elements = -(soft * scores.logSoftmax(-1))
      if let classWeight { elements = elements * classWeight }
      loss = elements.sum([-1])
    case (.sigmoid, .scores(let soft)):
      var elements = scores.binaryCrossEntropyWithLogits(
        soft, positiveWeight: try config.positiveWeight.map { try perClass($0, "pos_weight") },
        reduction: .none)
      if let classWeight { elements = elements * classWeight }
      let rowWeight = weight?.reshaped([-1, 1])
      return try config.reduction(elements, weight: rowWeight, averageFactor: averageFactor)
        * config.lossWeight
    case (.sigmoid, .labels), (.soft, .labels):
      throw InvalidConfig(
        "CrossEntropyLoss: use_sigmoid and use_soft take one value for each class; the data set gives labels")
    }
    return try config.reduction(loss, weight: weight, averageFactor: averageFactor) * config.lossWeight
  }
}
