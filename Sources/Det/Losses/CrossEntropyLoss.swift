import Core

/// Cross entropy over classes, of independent sigmoids (`use_sigmoid`), or of masks (`use_mask`).
///
/// Mirrors mmdet's `CrossEntropyLoss`: a mean divides by all labels, ignored ones included, unless `avg_non_ignore`.
public final class CrossEntropyLoss: Module, DetectionLoss {
  public enum Form: Sendable {
    case softmax, sigmoid, mask
  }

  public struct Config: ConfigRecord, Sendable {
    var form = Form.softmax
    var scale = LossScale()
    /// One weight a class: of its labels with softmax, of its positives with sigmoids.
    var classWeight: [Float]?
    var ignoreIndex: Int?
    var averagesCounted = false

    public init(from reader: inout ConfigReader) throws {
      let sigmoid = try reader.value("use_sigmoid", default: false)
      let mask = try reader.value("use_mask", default: false)
      guard !(sigmoid && mask) else { throw reader.invalid("use_sigmoid and use_mask do not go together") }
      form = sigmoid ? .sigmoid : mask ? .mask : .softmax
      scale = try LossScale(from: &reader)
      if let weights: OneOrMany<Float> = try reader.optional("class_weight") {
        classWeight = weights.elements
      }
      ignoreIndex = try reader.optional("ignore_index")
      averagesCounted = try reader.value("avg_non_ignore", default: false)
      // The heads of transformers read it.
      reader.ignore("bg_cls_weight")
    }
  }

  public let config: Config

  public init(_ config: Config) { self.config = config }

  public func callAsFunction(
    _ prediction: Tensor, _ target: LossTarget, weight: Tensor?, averageFactor: Double?,
    reduction: LossReduction?
  ) throws -> Tensor {
    switch (config.form, target) {
    case (.softmax, .labels(let labels)):
      try softmax(prediction, labels, weight, averageFactor, reduction)
    case (.sigmoid, .labels(let labels)):
      try sigmoid(prediction, labels, weight, averageFactor, reduction)
    case (.sigmoid, .values(let values)):
      try sigmoid(prediction, values: values, weight, averageFactor, reduction)
    case (.mask, .masks(let masks, let labels)):
      try mask(prediction, masks, labels)
    default: throw unsuitable(target)
    }
  }

  private func softmax(
    _ scores: Tensor, _ labels: Tensor, _ weight: Tensor?, _ averageFactor: Double?,
    _ reduction: LossReduction?
  ) throws -> Tensor {
    let classWeight = try config.classWeight.map { try checkedClassWeight($0, scores.shape[1]) }
    let ignored = config.ignoreIndex ?? -100
    let loss = scores.crossEntropy(labels, weight: classWeight, ignoreIndex: ignored, reduction: .none)
    var factor = averageFactor
    if factor == nil, config.averagesCounted, reduction ?? config.scale.reduction == .mean {
      factor = Double(labels.elements(as: Int64.self).count { $0 != Int64(ignored) })
    }
    return try config.scale(loss, weight: weight, averageFactor: factor, reduction: reduction)
  }

  /// Labels become 1 at their class and 0 elsewhere; negative ones do not count.
  private func sigmoid(
    _ scores: Tensor, _ labels: Tensor, _ weight: Tensor?, _ averageFactor: Double?,
    _ reduction: LossReduction?
  ) throws -> Tensor {
    let (rows, classes) = (scores.shape[0], scores.shape[1])
    let ignored = Int64(config.ignoreIndex ?? -100)
    var target = [Float](repeating: 0, count: rows * classes)
    var valid = [Float](repeating: 1, count: rows)
    for (row, label) in labels.elements(as: Int64.self).enumerated() {
      if label < 0 || label == ignored {
        valid[row] = 0
      } else if label < classes {
        target[row * classes + Int(label)] = 1
      }
    }
    let counted = Tensor(valid, shape: [rows, 1])
    let rowWeight = weight.map { $0.reshaped([rows, 1]) * counted } ?? counted
    var factor = averageFactor
    if factor == nil, config.averagesCounted, reduction ?? config.scale.reduction == .mean {
      factor = Double(valid.reduce(0, +)) * Double(classes)
    }
    let loss = scores.binaryCrossEntropyWithLogits(
      Tensor(target, shape: scores.shape),
      positiveWeight: try config.classWeight.map { try checkedClassWeight($0, classes) }, reduction: .none)
    return try config.scale(loss, weight: rowWeight, averageFactor: factor, reduction: reduction)
  }

  private func sigmoid(
    _ scores: Tensor, values: Tensor, _ weight: Tensor?, _ averageFactor: Double?, _ reduction: LossReduction?
  ) throws -> Tensor {
    var counted = values.compared(.greaterOrEqual, 0)
    if let ignored = config.ignoreIndex { counted = counted.and(values.compared(.notEqual, Float(ignored))) }
    let valid = counted.converted(to: .float32)
    var factor = averageFactor
    if factor == nil, config.averagesCounted, reduction ?? config.scale.reduction == .mean {
      factor = Double(valid.sum().item)
    }
    let loss = scores.binaryCrossEntropyWithLogits(
      values,
      positiveWeight: try config.classWeight.map { try checkedClassWeight($0, scores.shape.last ?? 1) },
      reduction: .none)
    return try config.scale(
      loss, weight: weight.map { $0 * valid } ?? valid, averageFactor: factor, reduction: reduction)
  }

  /// The mean over the masks of the objects' own classes, as `[1]`.
  private func mask(_ prediction: Tensor, _ target: Tensor, _ labels: [Int]) throws -> Tensor {
    let shape = prediction.shape
    guard shape.count == 4, labels.count == shape[0], labels.allSatisfy({ (0..<shape[1]).contains($0) })
    else {
      throw InvalidConfig("CrossEntropyLoss: a class in 0..<\(shape.dropFirst().first ?? 0) for each mask")
    }
    let rows = labels.enumerated().map { $0 * shape[1] + $1 }
    let own = prediction.reshaped([shape[0] * shape[1], shape[2], shape[3]]).indexSelected(0, rows)
    let loss = own.binaryCrossEntropyWithLogits(
      target, weight: config.classWeight.map { Tensor($0) }, reduction: .mean)
    return loss.reshaped([1]) * config.scale.weight
  }

  private func checkedClassWeight(_ weights: [Float], _ classes: Int) throws -> Tensor {
    guard weights.count == classes || (weights.count == 1 && config.form == .sigmoid) else {
      throw InvalidConfig(
        "CrossEntropyLoss: class_weight must have one entry for each of \(classes) classes, found \(weights.count)"
      )
    }
    return Tensor(weights)
  }
}
