import Core
import PyConfig

/// Mixing of the images of a batch: `model.train_cfg.augments`.
///
/// One of the listed forms is chosen for each batch, each with its own probability; what is left is for none.
/// Mirrors mmcls's `Augments` with `BatchMixup`, `BatchCutMix`, `BatchResizeMix` and `Identity`.
final class BatchAugments {
  private let augments: [BatchAugment]
  /// How many classes targets have.
  let classes: Int

  init(_ node: ConfigNode, path: String) throws {
    func invalid(_ text: String) -> BuildError {
      BuildError(.invalid(text), path: path, location: node.location)
    }
    augments = try OneOrMany<BatchAugment>(from: node, at: path).elements
    guard let first = augments.first else { throw invalid("must not be empty") }
    classes = first.classes
    guard augments.allSatisfy({ $0.classes == first.classes }) else {
      throw invalid("all must have one num_classes, found \(augments.map(\.classes))")
    }
    let total = augments.reduce(0) { $0 + $1.probability }
    guard total <= 1 + 1e-9 else { throw invalid("probabilities must add up to at most 1, found \(total)") }
    if augments.contains(where: \.isIdentity), abs(total - 1) > 1e-9 {
      throw invalid("with an Identity, probabilities must add up to 1, found \(total)")
    }
  }

  /// - Returns: the mixed images, and targets with a value for each of the classes.
  func callAsFunction(_ images: Tensor, _ target: ClassificationTarget) -> (Tensor, ClassificationTarget) {
    var generator = RandomGenerator(seed: RandomSource.current.next())
    var left = generator.uniform()
    let scores: Tensor
    switch target {
    case .labels(let labels): scores = labels.oneHot(classes: classes)
    case .scores(let given): scores = given
    }
    for augment in augments {
      if left < augment.probability {
        let (mixed, targets) = augment(images, scores, using: &generator)
        return (mixed, .scores(targets))
      }
      left -= augment.probability
    }
    return (images, .scores(scores))
  }
}

/// One way of mixing the images of a batch with each other.
struct BatchAugment: ConfigRecord {
  enum Kind: Sendable {
    case identity
    /// `λ a + (1 − λ) b`: Zhang et al., 2017 (<https://arxiv.org/abs/1710.09412>).
    case mixup
    /// A rectangle of the other image: Yun et al., 2019 (<https://arxiv.org/abs/1905.04899>).
    case cutMix(minMax: [Double]?, correctsLambda: Bool)
    /// The whole other image, resized, in a rectangle: Qin et al., 2020 (<https://arxiv.org/abs/2012.11101>).
    case resizeMix(low: Double, high: Double, minMax: [Double]?, correctsLambda: Bool)
  }

  var kind: Kind
  var alpha: Double
  var probability: Double
  var classes: Int

  var isIdentity: Bool { if case .identity = kind { true } else { false } }

  init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    probability = try reader.value("prob", default: 1)
    guard (0...1).contains(probability) else {
      throw reader.invalid("must be in 0...1, found \(probability)", key: "prob")
    }
    classes = try reader.value("num_classes")
    guard (1..<1 << 24).contains(classes) else {
      throw reader.invalid("must be positive and below 2^24, found \(classes)", key: "num_classes")
    }
    switch type {
    case "Identity": kind = .identity
    case "BatchMixup": kind = .mixup
    case "BatchCutMix":
      kind = .cutMix(
        minMax: try Self.minMax(&reader), correctsLambda: try reader.value("correct_lam", default: true))
    case "BatchResizeMix":
      let low = try reader.value("lam_min", default: 0.1)
      let high = try reader.value("lam_max", default: 0.8)
      guard 0 <= low, low <= high, high <= 1 else {
        throw reader.invalid("lam_min and lam_max must be ordered and in 0...1, found \(low) and \(high)")
      }
      kind = .resizeMix(
        low: low, high: high, minMax: try Self.minMax(&reader),
        correctsLambda: try reader.value("correct_lam", default: true))
      let interpolation: String = try reader.value("interpolation", default: "bilinear")
      guard interpolation == "bilinear" else {
        throw reader.invalid("must be 'bilinear', found '\(interpolation)'", key: "interpolation")
      }
    default:
      throw BuildError(
        .unknownName(
          type, role: "augment", known: ["BatchCutMix", "BatchMixup", "BatchResizeMix", "Identity"]),
        path: reader.path("type"), location: reader.location)
    }
    if case .identity = kind { alpha = 1 } else { alpha = try reader.value("alpha") }
    guard alpha > 0 else { throw reader.invalid("must be positive, found \(alpha)", key: "alpha") }
  }

  /// `cutmix_minmax`: bounds of the rectangle's sides as shares of the image's.
  private static func minMax(_ reader: inout ConfigReader) throws -> [Double]? {
    guard let values: [Double] = try reader.optional("cutmix_minmax") else { return nil }
    guard values.count == 2, 0 <= values[0], values[0] < values[1], values[1] <= 1 else {
      throw reader.invalid("must be (min, max), ordered and in 0...1, found \(values)", key: "cutmix_minmax")
    }
    return values
  }

  func callAsFunction(
    _ images: Tensor, _ scores: Tensor, using generator: inout RandomGenerator
  ) -> (Tensor, Tensor) {
    let order = Tensor(generator.permutation(images.shape[0]).map(Int64.init))
    var lambda = generator.beta(alpha, alpha)
    let mixed: Tensor
    switch kind {
    case .identity: return (images, scores)
    case .mixup:
      mixed = images * Float(lambda) + images.indexSelected(0, order) * Float(1 - lambda)
    case .cutMix(let minMax, let corrects):
      let box = box(images, &lambda, minMax, corrects, &generator)
      mixed = images.clone()
      let other = images.indexSelected(0, order)
      mixed.sliced(2, box.y).sliced(3, box.x).assignInPlace(other.sliced(2, box.y).sliced(3, box.x))
    case .resizeMix(let low, let high, let minMax, let corrects):
      lambda = lambda * (high - low) + low
      let box = box(images, &lambda, minMax, corrects, &generator)
      mixed = images.clone()
      if !box.y.isEmpty, !box.x.isEmpty {
        mixed.sliced(2, box.y).sliced(3, box.x).assignInPlace(
          images.indexSelected(0, order).interpolate(
            size: Pair(h: box.y.count, w: box.x.count), mode: .bilinear))
      }
    }
    return (mixed, scores * Float(lambda) + scores.indexSelected(0, order) * Float(1 - lambda))
  }

  /// The rectangle that is replaced; `lambda` becomes the share that is not, where it is to be corrected.
  private func box(
    _ images: Tensor, _ lambda: inout Double, _ minMax: [Double]?, _ corrects: Bool,
    _ generator: inout RandomGenerator
  ) -> (y: Range<Int>, x: Range<Int>) {
    let (h, w) = (images.shape[2], images.shape[3])
    let y: Range<Int>
    let x: Range<Int>
    if let minMax {
      func span(_ size: Int) -> Range<Int> {
        let low = Int(Double(size) * minMax[0])
        let cut = generator.integer(low..<max(low + 1, Int(Double(size) * minMax[1])))
        let start = generator.integer(0..<max(1, size - cut))
        return start..<min(size, start + cut)
      }
      (y, x) = (span(h), span(w))
    } else {
      let ratio = (1 - lambda).squareRoot()
      func span(_ size: Int) -> Range<Int> {
        let cut = Int(Double(size) * ratio)
        let center = generator.integer(0..<size)
        return max(0, center - cut / 2)..<min(size, max(0, center + cut / 2))
      }
      (y, x) = (span(h), span(w))
    }
    if corrects || minMax != nil { lambda = 1 - Double(y.count * x.count) / Double(h * w) }
    return (y, x)
  }
}
