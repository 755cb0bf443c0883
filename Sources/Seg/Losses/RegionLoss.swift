import Core

/// What the losses share that compare whole regions: probabilities and labels of each class, over all pixels.
struct RegionLossConfig {
  var smooth: Float
  var classWeight: [Float]?
  var lossWeight: Float
  /// A label that does not count where masks are compared, and a class that is left out if there is one of that
  /// number.
  var ignored: Int
  var name: String

  init(from reader: inout ConfigReader, name standard: String) throws {
    smooth = try reader.value("smooth", default: 1)
    classWeight = try ClassWeights.read(&reader)
    lossWeight = try reader.value("loss_weight", default: 1)
    ignored = try reader.value("ignore_index", default: 255)
    name = try reader.value("loss_name", default: standard)
  }

  /// The mean over classes of one loss for each image and class, `[N, C]`.
  func reduced(_ losses: Tensor, _ loss: StaticString) throws -> Tensor {
    let classes = losses.shape[1]
    var factors = classWeight ?? [Float](repeating: 1, count: classes)
    guard factors.count == classes else {
      throw InvalidConfig(
        "\(loss): class_weight must have one entry for each of \(classes) classes, found \(factors.count)")
    }
    if (0..<classes).contains(ignored) { factors[ignored] = 0 }
    return (losses.mean([0]) * Tensor(factors)).sum() * (lossWeight / Float(classes))
  }

  /// Probabilities, 1 at each pixel's class, and 1 where the pixel counts.
  ///
  /// As in the original, a label above the last class is taken for the last, also the ignored one.
  func masks(
    _ scores: Tensor, _ labels: Tensor, _ loss: StaticString
  ) throws -> (probabilities: Tensor, targets: Tensor, valid: Tensor) {
    guard scores.rank == labels.rank + 1, scores.shape[2...] == labels.shape[1...], scores.rank >= 3 else {
      throw InvalidConfig(
        "\(loss): scores [N, C, ...] and labels [N, ...], found \(scores.shape) and \(labels.shape)")
    }
    let classes = scores.shape[1]
    let clamped = labels.elements(as: Int64.self).map { min(max($0, 0), Int64(classes - 1)) }
    let hot = Tensor(clamped, shape: labels.shape).oneHot(classes: classes)
    let last = labels.rank
    let valid = labels.compared(.notEqual, ignored).converted(to: .float32).unsqueezed(1)
    return (scores.softmax(1), hot.permuted([0, last] + Array(1..<last)), valid)
  }
}
