import Core
import PyConfig

/// A surrogate of the intersection over union: errors, sorted, weighted by what each of them costs.
///
/// Berman et al., "The Lovász-Softmax loss", 2017 (<https://arxiv.org/abs/1705.08790>). Mirrors mmseg's `LovaszLoss`.
struct LovaszLoss: SegmentationLoss, ConfigRecord {
  private enum Classes: Equatable {
    case all
    /// Those that a pixel has.
    case present
    case some([Int])
  }

  private let isBinary: Bool
  private let classes: Classes
  private let isPerImage: Bool
  private let reduction: LossReduction
  private let classWeight: [Float]?
  private let lossWeight: Float
  let name: String

  init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("loss_type", default: "multi_class")
    guard type == "binary" || type == "multi_class" else {
      throw reader.invalid("must be one of binary, multi_class, found '\(type)'", key: "loss_type")
    }
    isBinary = type == "binary"
    switch reader.node("classes") {
    case nil: classes = .present
    case let node? where node.string == "present": classes = .present
    case let node? where node.string == "all": classes = .all
    case let node?: classes = .some(try [Int](from: node, at: reader.path("classes")))
    }
    isPerImage = try reader.value("per_image", default: false)
    reduction = try reader.value("reduction", default: .mean)
    guard isPerImage || reduction == .none else {
      throw reader.invalid("must be 'none' when per_image is False", key: "reduction")
    }
    classWeight = try ClassWeights.read(&reader)
    lossWeight = try reader.value("loss_weight", default: 1)
    name = try reader.value("loss_name", default: "loss_lovasz")
  }

  func callAsFunction(
    _ scores: Tensor, _ labels: Tensor, weight: Tensor?, ignored: Int?, reduction: LossReduction?
  ) throws -> Tensor {
    let scores = isBinary ? scores : scores.softmax(1)
    func loss(_ scores: Tensor, _ labels: Tensor) throws -> Tensor {
      isBinary ? try hinge(scores, labels, ignored) : try softmax(scores, labels, ignored)
    }
    if !isPerImage { return try loss(scores, labels) * lossWeight }
    let losses = try (0..<labels.shape[0]).map { index in
      try loss(scores.sliced(0, index..<(index + 1)), labels.sliced(0, index..<(index + 1)))
    }
    return (Tensor.stack(losses).reduced(reduction ?? self.reduction)) * lossWeight
  }

  /// - Parameter probabilities: `[N, C, H, W]`.
  private func softmax(_ probabilities: Tensor, _ labels: Tensor, _ ignored: Int?) throws -> Tensor {
    let count = probabilities.shape[1]
    if let classWeight, classWeight.count != count {
      throw InvalidConfig(
        "LovaszLoss: class_weight must have one entry for each of \(count) classes, found \(classWeight.count)"
      )
    }
    let (valid, classesOfPixels) = counted(labels, ignored)
    // Only pixels that do not count: nothing to learn.
    if valid.isEmpty { return probabilities.sum() * 0 }
    let rows = probabilities.permuted([0, 2, 3, 1]).reshaped([labels.count, count]).indexSelected(0, valid)
    let wanted: [Int]
    switch classes {
    case .all, .present:
      guard count > 1 else {
        throw InvalidConfig("LovaszLoss: one score a pixel goes with loss_type 'binary'")
      }
      wanted = Array(0..<count)
    case .some(let list):
      guard list.allSatisfy({ (0..<count).contains($0) }) else {
        throw InvalidConfig("LovaszLoss: classes must be in 0..<\(count), found \(list)")
      }
      wanted = list
    }
    var losses: [Tensor] = []
    for label in wanted {
      let truth = classesOfPixels.map { $0 == Int64(label) }
      if classes == .present && !truth.contains(true) { continue }
      let target = Tensor(truth.map { $0 ? 1 : 0 as Float })
      let errors = (target - rows.selected(1, label)).absolute()
      let value = (errors * Self.costs(errors.detached().floats, truth)).sum()
      losses.append(classWeight.map { value * $0[label] } ?? value)
    }
    return losses.isEmpty ? probabilities.sum() * 0 : Tensor.stack(losses).mean()
  }

  /// - Parameter scores: of the second of two classes, as many as labels.
  private func hinge(_ scores: Tensor, _ labels: Tensor, _ ignored: Int?) throws -> Tensor {
    guard scores.count == labels.count else {
      throw InvalidConfig(
        "LovaszLoss: loss_type 'binary' takes one score a pixel, found \(scores.shape) for \(labels.shape)")
    }
    let (valid, classesOfPixels) = counted(labels, ignored)
    if valid.isEmpty { return scores.sum() * 0 }
    let rows = scores.reshaped([labels.count]).indexSelected(0, valid)
    let errors = 1 - rows * Tensor(classesOfPixels.map { 2 * Float($0) - 1 })
    return (errors.relu() * Self.costs(errors.detached().floats, classesOfPixels.map { $0 != 0 })).sum()
  }

  /// Positions of the pixels that count, and their labels.
  private func counted(_ labels: Tensor, _ ignored: Int?) -> (positions: [Int], labels: [Int64]) {
    let all = labels.converted(to: .int64).elements(as: Int64.self)
    guard let ignored else { return (Array(all.indices), all) }
    let positions = all.indices.filter { all[$0] != Int64(ignored) }
    return (positions, positions.map { all[$0] })
  }

  /// By how much the Jaccard index falls with each error, once all larger ones are made; in the order of `errors`.
  private static func costs(_ errors: [Float], _ truth: [Bool]) -> Tensor {
    let order = Tensor(errors).argsorted(descending: true).elements(as: Int64.self)
    let positives = Double(truth.reduce(0) { $0 + ($1 ? 1 : 0) })
    var (hits, misses, before) = (0.0, 0.0, 0.0)
    var costs = [Float](repeating: 0, count: errors.count)
    for index in order {
      if truth[Int(index)] { hits += 1 } else { misses += 1 }
      let jaccard = 1 - (positives - hits) / (positives + misses)
      costs[Int(index)] = Float(jaccard - before)
      before = jaccard
    }
    return Tensor(costs)
  }
}
