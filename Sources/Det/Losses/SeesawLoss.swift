import Core
import Foundation

/// Cross entropy for data with many rare classes, and of whether there is an object at all.
///
/// Wang et al., 2020 (<https://arxiv.org/abs/2008.10032>). Mirrors mmdet's `SeesawLoss`: predictions `[N, classes + 2]`
/// hold scores of classes, then of object and background.
public final class SeesawLoss: Module, DetectionLoss {
  public struct Config: ConfigRecord, Sendable {
    var p, q: Float
    var classes: Int
    var epsilon: Float
    var scale: LossScale
    /// Whether the two parts are reported one by one.
    var splits: Bool

    public init(from reader: inout ConfigReader) throws {
      guard try reader.value("use_sigmoid", default: false) == false else {
        throw reader.invalid("must be False: the loss is one of softmax", key: "use_sigmoid")
      }
      p = try reader.value("p", default: 0.8)
      q = try reader.value("q", default: 2)
      classes = try reader.count("num_classes", default: 1203, in: 1...1_000_000)
      epsilon = try reader.value("eps", default: 1e-2)
      guard epsilon > 0 else { throw reader.invalid("must be positive, found \(epsilon)", key: "eps") }
      scale = try LossScale(from: &reader)
      splits = try reader.value("return_dict", default: true)
    }
  }

  /// Samples of each class that the loss has seen, and of the background: `[classes + 1]`.
  let cumSamples: Buffer
  public let config: Config

  public init(_ config: Config) {
    self.config = config
    cumSamples = Buffer(.zeros([config.classes + 1]))
  }

  /// How many scores a head must give.
  public var scoreChannels: Int { config.classes + 2 }

  /// Probabilities of classes and background `[N, classes + 1]`.
  public func probabilities(_ scores: Tensor) -> Tensor {
    let (classes, objectness) = split(scores)
    let own = objectness.softmax(-1)
    return Tensor.concatenate([classes.softmax(-1) * own.sliced(1, 0..<1), own.sliced(1, 1..<2)], axis: 1)
  }

  /// `acc_objectness` and `acc_classes`, in percent.
  public func accuracies(_ scores: Tensor, _ labels: [Int]) -> [(name: String, value: Float)] {
    let (classes, objectness) = split(scores.detached())
    let foreground = labels.indices.filter { labels[$0] < config.classes }
    return [
      ("acc_objectness", topOneAccuracy(objectness, labels.map { $0 == config.classes ? 1 : 0 })),
      ("acc_classes", topOneAccuracy(classes.indexSelected(0, foreground), foreground.map { labels[$0] })),
    ]
  }

  /// The parts by the original's names; one sum where the config says so.
  public func terms(
    _ scores: Tensor, labels: Tensor, weight: Tensor? = nil, averageFactor: Double? = nil,
    reduction: LossReduction? = nil
  ) throws -> [(name: String, value: Tensor)] {
    guard scores.rank == 2, scores.shape[1] == scoreChannels else {
      throw InvalidConfig("SeesawLoss: needs \(scoreChannels) scores a sample, found \(scores.shape)")
    }
    let all = labels.elements(as: Int64.self).map(Int.init)
    guard all.allSatisfy({ (0...config.classes).contains($0) }) else {
      throw InvalidConfig("SeesawLoss: labels must be in 0...\(config.classes)")
    }
    var counts = cumSamples.value.floats
    for label in all { counts[label] += 1 }
    cumSamples.assign(Tensor(counts))
    let (classes, objectness) = split(scores)
    let foreground = all.indices.filter { all[$0] < config.classes }
    let own = classes.indexSelected(0, foreground)
    var cls = own.sum()
    if !foreground.isEmpty {
      let names = foreground.map { all[$0] }
      let shift = withoutGradient { logWeights(own.detached(), names, counts) }
      let loss = (own + shift).crossEntropy(Tensor(names.map { Int64($0) }), reduction: .none)
      cls = try config.scale(
        loss, weight: weight?.indexSelected(0, foreground), averageFactor: averageFactor, reduction: reduction
      )
    }
    let background = Tensor(all.map { Int64($0 == config.classes ? 1 : 0) })
    let object = try config.scale(
      objectness.crossEntropy(background, reduction: .none), weight: weight, averageFactor: averageFactor,
      reduction: reduction)
    return config.splits
      ? [("loss_cls_objectness", object), ("loss_cls_classes", cls)] : [("loss_cls", cls + object)]
  }

  public func callAsFunction(
    _ prediction: Tensor, _ target: LossTarget, weight: Tensor?, averageFactor: Double?,
    reduction: LossReduction?
  ) throws -> Tensor {
    guard case .labels(let labels) = target else { throw unsuitable(target) }
    let parts = try terms(
      prediction, labels: labels, weight: weight, averageFactor: averageFactor, reduction: reduction)
    return parts.dropFirst().reduce(parts[0].value) { $0 + $1.value }
  }

  private func split(_ scores: Tensor) -> (classes: Tensor, objectness: Tensor) {
    let classes = config.classes
    return (scores.sliced(-1, 0..<classes), scores.sliced(-1, classes..<(classes + 2)))
  }

  /// What is added to the scores: 0 for a sample's own class.
  private func logWeights(_ scores: Tensor, _ labels: [Int], _ counts: [Float]) -> Tensor {
    let classes = config.classes
    let probabilities = scores.softmax(1).floats
    var values = [Float](repeating: 0, count: labels.count * classes)
    for (row, label) in labels.enumerated() {
      let start = row * classes
      let (ownCount, ownScore) = (max(counts[label], 1), max(probabilities[start + label], config.epsilon))
      for j in 0..<classes where j != label {
        var factor: Float = 1
        let ratio = max(counts[j], 1) / ownCount
        if config.p > 0 && ratio < 1 { factor = powf(ratio, config.p) }
        let score = probabilities[start + j] / ownScore
        if config.q > 0 && score > 1 { factor *= powf(score, config.q) }
        values[start + j] = logf(factor)
      }
    }
    return Tensor(values, shape: [labels.count, classes])
  }
}

/// How many of the largest scores are at their labels, in percent; 0 without samples. Mirrors mmdet's `accuracy`.
public func topOneAccuracy(_ scores: Tensor, _ labels: [Int]) -> Float {
  if labels.isEmpty { return 0 }
  let best = withoutGradient { scores.detached().argmax(1).elements(as: Int64.self) }
  return Float(zip(best, labels).count { Int($0) == $1 }) * (100 / Float(labels.count))
}
