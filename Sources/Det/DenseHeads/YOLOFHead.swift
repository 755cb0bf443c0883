import Core
import PyConfig

/// One level, anchors of several sizes, and as many of them for each object.
///
/// Chen et al., 2021 (<https://arxiv.org/abs/2103.09460>). Mirrors mmdet's `YOLOFHead`.
public final class YOLOFHead: AnchorHead {
  public struct Config: ConfigRecord, Sendable {
    var anchors: AnchorHeadConfig
    var clsDepth, regDepth: Int
    var norm: NormConfig?

    public init(from reader: inout ConfigReader) throws {
      clsDepth = try reader.count("num_cls_convs", default: 2)
      regDepth = try reader.count("num_reg_convs", default: 4)
      norm = reader.has("norm_cfg") ? try reader.optional("norm_cfg") : .batchNorm
      anchors = try AnchorHeadConfig(from: &reader)
      guard anchors.lossCls.flag("use_sigmoid") else {
        throw reader.invalid("must have use_sigmoid=True", key: "loss_cls")
      }
    }
  }

  let clsSubnet, bboxSubnet: Sequential
  let clsScore, bboxPred, objectPred: Conv2d

  public init(_ config: Config, _ context: BuildContext) throws {
    let parts = try AnchorHeadParts(config.anchors, context)
    guard parts.generator.levels == 1 else {
      throw InvalidConfig("anchor_generator must have one stride, found \(parts.generator.levels)")
    }
    let width = config.anchors.inChannels
    try config.norm?.check(channels: [width])
    func stack(_ depth: Int) -> Sequential {
      Sequential((0..<depth).map { _ in ConvModule(width, width, kernel: 3, padding: 1, norm: config.norm) })
    }
    clsSubnet = stack(config.clsDepth)
    bboxSubnet = stack(config.regDepth)
    clsScore = Conv2d(width, parts.priors * config.anchors.classes, kernel: 3, padding: 1)
    bboxPred = Conv2d(width, parts.priors * 4, kernel: 3, padding: 1)
    objectPred = Conv2d(width, parts.priors, kernel: 3, padding: 1)
    super.init(parts)
  }

  public override func applyInitialization(using generator: inout RandomGenerator) {
    // The original looks at no init_cfg here.
    forEachModule { _, layer in
      if let conv = layer as? Conv2d {
        Init.normal(conv.weight, standardDeviation: 0.01, using: &generator)
        if let bias = conv.bias { Init.constant(bias, 0) }
      }
      (layer as? any NormLayer)?.resetAffine()
    }
    if let bias = clsScore.bias { Init.constant(bias, Init.bias(forProbability: 0.01)) }
  }

  /// Scores are those of class and objectness together.
  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var outputs = DenseOutputs(scores: [], boxes: [])
    for x in features.prefix(1) {
      let reg = bboxSubnet(x)
      let (n, h, w) = (reg.shape[0], reg.shape[2], reg.shape[3])
      let cls = clsScore(clsSubnet(x)).reshaped([n, parts.priors, classes, h, w])
      let object = objectPred(reg).reshaped([n, parts.priors, 1, h, w])
      let both = cls.exp().clamped(max: 1e8) + object.exp().clamped(max: 1e8) + 1
      outputs.scores.append((cls + object - both.log()).reshaped([n, parts.priors * classes, h, w]))
      outputs.boxes.append(bboxPred(reg))
    }
    return outputs
  }

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    guard let assigner = parts.assigner as? UniformAssigner else {
      throw InvalidConfig("YOLOFHead needs a UniformAssigner in train_cfg")
    }
    let training = try requireTraining()
    let anchors = try levelAnchors(outputs.sizes)[0]
    var (labels, weights): ([Int64], [Float]) = ([], [])
    var (predicted, wanted, boxWeights): ([Tensor], Boxes, [Float]) = ([], Boxes(), [])
    var (positives, negatives) = (0, 0)
    for (image, truth) in truths.enumerated() {
      let valid = generator.validFlags(level: 0, size: outputs.sizes[0], padShape: metas[image].padShape)
      let inside = insideFlags(anchors, valid, metas[image].size, border: training.allowedBorder)
      let places = inside.indices.filter { inside[$0] }
      guard !places.isEmpty else { throw InvalidConfig("YOLOFHead: no anchor lies within the picture") }
      let own = anchors[places]
      let codes = outputs.boxes[0].selected(0, image).permuted([1, 2, 0]).reshaped([-1, 4]).indexSelected(
        0, places)
      let boxes = boxCoder.decode(own.tensor, codes)
      let (assigned, pairs) = assigner.assign(
        Boxes(boxes), own, truth.boxes, labels: parts.samples ? nil : truth.labels)
      let sampling = try parts.sampler.sample(assigned, own, truth.boxes)
      var imageLabels = [Int64](repeating: Int64(classes), count: anchors.count)
      var imageWeights = [Float](repeating: 0, count: anchors.count)
      for (index, row) in sampling.posIndices.enumerated() {
        imageLabels[places[row]] = Int64(truth.labels[sampling.posTruthIndices[index]])
        imageWeights[places[row]] = training.positiveWeight <= 0 ? 1 : training.positiveWeight
      }
      for row in sampling.negIndices { imageWeights[places[row]] = 1 }
      labels += imageLabels
      weights += imageWeights
      predicted.append(boxes.indexSelected(0, pairs.predictions))
      wanted.append(contentsOf: truth.boxes[pairs.truths])
      boxWeights += pairs.counts.map { $0 ? 1 : 0 }
      positives += max(sampling.posIndices.count, 1)
      negatives += max(sampling.negIndices.count, 1)
    }
    let factor = Double(max(positives + (parts.samples ? negatives : 0), 1))
    let all = Tensor.concatenate(predicted)
    var terms = LossTerms()
    terms["loss_cls"] = try lossCls(
      rows(outputs.scores[0], width: classes), labels: Tensor(labels), weight: Tensor(weights),
      averageFactor: factor)
    terms["loss_bbox"] =
      wanted.isEmpty
      ? all.sum() * 0
      : try lossBbox(all, values: wanted.tensor, weight: Tensor(boxWeights), averageFactor: factor)
    return terms
  }
}
