import Core
import Foundation

/// Cross entropy for data with many rare classes: classes that occur often push the scores of rare ones down less.
///
/// Wang et al., 2020, section 3 (<https://arxiv.org/abs/2008.10032>). Mirrors mmcls's `SeesawLoss`. For an image of
/// class `i`, `log(M_j C_j)` is added to the score of each other class `j`, with
/// ```
/// M_j = min(1, (n_j / n_i)^p)        n: images of a class so far, at least 1
/// C_j = max(1, (σ_j / max(σ_i, ε))^q)  σ: the softmax of the scores
/// ```
public final class SeesawLoss: Module, ClassificationLoss {
  public struct Config: ConfigRecord, Sendable {
    public var p: Float = 0.8
    public var q: Float = 2
    public var classes = 1000
    /// ε
    public var epsilon: Float = 1e-2
    public var reduction = LossReduction.mean
    public var lossWeight: Float = 1

    public init(classes: Int = 1000) { self.classes = classes }

    public init(from reader: inout ConfigReader) throws {
      guard try reader.value("use_sigmoid", default: false) == false else {
        throw reader.invalid("must be False: the loss is one of softmax", key: "use_sigmoid")
      }
      p = try reader.value("p", default: 0.8)
      q = try reader.value("q", default: 2)
      classes = try reader.value("num_classes", default: 1000)
      guard classes > 0 else {
        throw reader.invalid("must be positive, found \(classes)", key: "num_classes")
      }
      epsilon = try reader.value("eps", default: 1e-2)
      guard epsilon > 0 else { throw reader.invalid("must be positive, found \(epsilon)", key: "eps") }
      reduction = try reader.value("reduction", default: .mean)
      lossWeight = try reader.value("loss_weight", default: 1)
    }
  }

  /// Images of each class that the loss has seen, `[classes]`.
  let cumSamples: Buffer
  private let config: Config

  public init(_ config: Config = Config()) {
    self.config = config
    cumSamples = Buffer(.zeros([config.classes]))
  }

  public func callAsFunction(
    _ scores: Tensor, _ target: ClassificationTarget, weight: Tensor? = nil, averageFactor: Double? = nil
  ) throws -> Tensor {
    guard scores.shape[1] == config.classes else {
      throw InvalidConfig(
        "SeesawLoss: num_classes is \(config.classes), the head gives \(scores.shape[1]) scores")
    }
    guard case .labels(let labels) = target else {
      throw InvalidConfig("SeesawLoss: takes one label an image, not a value for each class")
    }
    try target.check(against: scores)
    count(labels)
    let shift = withoutGradient { logWeights(scores.detached(), labels) }
    let loss = (scores + shift).crossEntropy(labels, reduction: .none)
    return try config.reduction(loss, weight: weight, averageFactor: averageFactor) * config.lossWeight
  }

  private func count(_ labels: Tensor) {
    var counts = cumSamples.value.floats
    for label in labels.elements(as: Int64.self) { counts[Int(label)] += 1 }
    cumSamples.assign(Tensor(counts))
  }

  /// What is added to the scores: 0 for an image's own class.
  private func logWeights(_ scores: Tensor, _ labels: Tensor) -> Tensor {
    let classes = config.classes
    let labels = labels.elements(as: Int64.self).map(Int.init)
    let counts = cumSamples.value.floats
    let probabilities = scores.softmax(1).floats
    let (p, q, epsilon) = (config.p, config.q, config.epsilon)
    let values = [Float](unsafeUninitializedCapacity: scores.count) { values, filled in
      for (row, label) in labels.enumerated() {
        let start = row * classes
        let ownCount = max(counts[label], 1)
        let ownScore = max(probabilities[start + label], epsilon)
        for j in 0..<classes {
          var factor: Float = 1
          if p > 0 {
            let ratio = max(counts[j], 1) / ownCount
            if ratio < 1 { factor = powf(ratio, p) }
          }
          if q > 0 {
            let ratio = probabilities[start + j] / ownScore
            if ratio > 1 { factor *= powf(ratio, q) }
          }
          values[start + j] = j == label ? 0 : logf(factor)
        }
      }
      filled = scores.count
    }
    return Tensor(values, shape: scores.shape)
  }
}
