import Core
import PyConfig

/// `RetinaHead` that learns which anchors stand for an object.
///
/// Zhang et al., 2019 (<https://arxiv.org/abs/1909.02466>). Mirrors mmdet's `FreeAnchorRetinaHead`.
public final class FreeAnchorRetinaHead: RetinaHead {
  public struct FreeConfig: ConfigRecord, Sendable {
    var retina: RetinaHead.Config
    /// Anchors that each object may choose from.
    var bag: Int
    var threshold, gamma, alpha: Float

    public init(from reader: inout ConfigReader) throws {
      bag = try reader.count("pre_anchor_topk", default: 50, in: 1...1_000_000)
      threshold = try reader.value("bbox_thr", default: 0.6)
      gamma = try reader.value("gamma", default: 2)
      alpha = try reader.value("alpha", default: 0.5)
      retina = try RetinaHead.Config(from: &reader)
    }
  }

  private let free: FreeConfig

  init(_ config: FreeConfig, _ context: BuildContext) throws {
    free = config
    try super.init(config.retina, AnchorHeadParts(config.retina.anchors, context))
  }

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    let anchors = Boxes(try levelAnchors(outputs.sizes).flatMap(\.values))
    var positive: [Tensor] = []
    var negative: Tensor?
    var (objects, allBoxes): (Int, Tensor?) = (0, nil)
    for (image, truth) in truths.enumerated() {
      func flat(_ levels: [Tensor], _ width: Int) -> Tensor {
        Tensor.concatenate(levels.map { $0.selected(0, image).permuted([1, 2, 0]).reshaped([-1, width]) })
      }
      let probability = flat(outputs.scores, scoreChannels).sigmoid()
      let codes = flat(outputs.boxes, 4)
      let boxProbability = withoutGradient { self.boxProbability(anchors, codes.detached(), truth) }
      let part = negativeLoss(probability, boxProbability)
      negative = negative.map { $0 + part } ?? part
      allBoxes = allBoxes.map { $0 + codes.sum() * 0 } ?? codes.sum() * 0
      objects += truth.boxes.count
      if let bags = try positiveLoss(anchors, probability, codes, truth) { positive.append(bags) }
    }
    var terms = LossTerms()
    terms["positive_bag_loss"] =
      objects == 0
      ? allBoxes ?? Tensor(Float(0)) : Tensor.concatenate(positive).sum() / Float(max(1, objects))
    terms["negative_bag_loss"] = (negative ?? Tensor(Float(0))) / Float(max(1, objects * free.bag))
    return terms
  }

  /// For each anchor and class how likely the predicted box holds an object of it.
  private func boxProbability(_ anchors: Boxes, _ codes: Tensor, _ truth: GroundTruth) -> Tensor {
    var values = [Float](repeating: 0, count: anchors.count * scoreChannels)
    if !truth.boxes.isEmpty {
      let predicted = Boxes(boxCoder.decode(anchors.tensor, codes))
      let overlaps = BoxKernels.overlaps(truth.boxes.values, predicted.values)
      for object in 0..<truth.boxes.count {
        let row = overlaps[(object * anchors.count)..<((object + 1) * anchors.count)]
        let most = max(row.max() ?? 0, free.threshold + 1e-12)
        for (anchor, overlap) in row.enumerated() {
          let likely = min(max((overlap - free.threshold) / (most - free.threshold), 0), 1)
          let at = anchor * scoreChannels + truth.labels[object]
          // Of several objects of a class the likeliest counts.
          if likely > values[at] { values[at] = likely }
        }
      }
    }
    return Tensor(values, shape: [anchors.count, scoreChannels])
  }

  /// One loss an object: over its bag of anchors, weighted towards those that fit best.
  private func positiveLoss(_ anchors: Boxes, _ probability: Tensor, _ codes: Tensor, _ truth: GroundTruth)
    throws
    -> Tensor?
  {
    let count = truth.boxes.count
    if count == 0 { return nil }
    guard free.bag <= anchors.count else {
      throw InvalidConfig(
        "pre_anchor_topk must be at most the number of anchors, \(anchors.count), found \(free.bag)")
    }
    let overlaps = BoxKernels.overlaps(truth.boxes.values, anchors.values)
    var (matched, wanted): ([Int], Boxes) = ([], Boxes())
    for object in 0..<count {
      let row = Array(overlaps[(object * anchors.count)..<((object + 1) * anchors.count)])
      matched += torchTopK(row, free.bag, largest: true)
      for _ in 0..<free.bag { wanted.append(truth.boxes[object]) }
    }
    let labels = matched.indices.map { Int64(matched[$0] * scoreChannels + truth.labels[$0 / free.bag]) }
    let cls = probability.reshaped([-1]).indexSelected(0, Tensor(labels)).reshaped([count, free.bag])
    let targets = Tensor(boxCoder.encode(anchors[matched], wanted), shape: [matched.count, 4])
    let distance = try lossBbox(
      codes.indexSelected(0, matched), values: targets, reduction: LossReduction.none
    ).sum([1])
    let fit = (cls * (-distance).exp().reshaped([count, free.bag]))
    let weight = 1 / (1 - fit).clamped(min: 1e-12)
    let bag = (weight / weight.sum([1], keepingAxes: true) * fit).sum([1])
    return bag.binaryCrossEntropy(.ones([count]), reduction: .none) * free.alpha
  }

  private func negativeLoss(_ probability: Tensor, _ boxProbability: Tensor) -> Tensor {
    let wrong = (probability * (1 - boxProbability)).clamped(min: 1e-12, max: 1 - 1e-12)
    let loss = wrong.power(free.gamma) * wrong.binaryCrossEntropy(.zeros(wrong.shape), reduction: .none)
    return loss.sum() * (1 - free.alpha)
  }
}
