import Core

/// The last part of a classifier: from features to scores, and in training to losses.
public protocol ClassificationHead: Module {
  /// How many classes the head tells apart, where it knows.
  var classes: Int? { get }
  /// Channels of the features that the head takes, where it knows.
  var inChannels: Int? { get }
  /// How many tokens of the whole image the head takes, at the end of the features; 0 where it takes features alone.
  var tokens: Int { get }
  /// Whether scores are independent probabilities (sigmoid) rather than a distribution (softmax).
  var isMultiLabel: Bool { get }
  /// The features before the last linear layer.
  func preLogits(_ features: [Tensor]) -> Tensor
  /// Scores before softmax or sigmoid, `[N, classes]`.
  func logits(_ features: [Tensor]) -> Tensor
  /// What the head predicts, `[N, classes]`: the softmax of the scores, or the sigmoid with several labels an image.
  func probabilities(_ features: [Tensor]) -> Tensor
  func loss(_ features: [Tensor], _ target: ClassificationTarget) throws -> LossTerms
}

extension ClassificationHead {
  public var inChannels: Int? { nil }
  public var tokens: Int { 0 }
  public var isMultiLabel: Bool { false }

  public func probabilities(_ features: [Tensor]) -> Tensor {
    let logits = logits(features)
    return isMultiLabel ? logits.sigmoid() : logits.softmax(1)
  }
}

extension Registries {
  /// Heads of classifiers.
  public var classificationHeads: Registry<any ClassificationHead> {
    get { self[(any ClassificationHead).self, role: "head"] }
    set { self[(any ClassificationHead).self, role: "head"] = newValue }
  }
}

/// What all heads with one label an image share: the loss and the accuracy of training batches.
///
/// Heads keep the loss as `computeLoss`, too, so that what it counts (`SeesawLoss`) is in the state dict.
public final class ClassificationObjective {
  public struct Config: Sendable {
    public var loss: ConfigNodeBox
    public var topK: [Int]
    public var reportsAccuracy: Bool

    public init(from reader: inout ConfigReader) throws {
      loss = ConfigNodeBox(reader.node("loss"), path: reader.path("loss"))
      topK = try reader.value("topk", default: OneOrMany([1])).elements
      guard topK.allSatisfy({ $0 > 0 }) else {
        throw reader.invalid("must be positive, found \(topK)", key: "topk")
      }
      reportsAccuracy = try reader.value("cal_acc", default: false)
    }
  }

  let loss: any ClassificationLoss
  let topK: [Int]
  let reportsAccuracy: Bool

  init(_ config: Config, _ context: BuildContext) throws {
    loss =
      try config.loss.node.map {
        try context.registries.classificationLosses.build($0, path: config.loss.path, context: context)
      } ?? CrossEntropyLoss()
    (topK, reportsAccuracy) = (config.topK, config.reportsAccuracy)
  }

  func callAsFunction(_ logits: Tensor, _ target: ClassificationTarget) throws -> LossTerms {
    var terms = LossTerms()
    if reportsAccuracy, case .labels(let labels) = target {
      let correct = accuracy(logits.detached(), labels, topK: topK)
      for (k, value) in zip(topK, correct) { terms["top-\(k)"] = Tensor(value) }
    }
    terms["loss"] = try loss(logits, target, weight: nil, averageFactor: Double(logits.shape[0]))
    return terms
  }
}
