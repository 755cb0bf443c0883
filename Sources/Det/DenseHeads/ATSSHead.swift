import Core
import PyConfig

/// One anchor a position, trained on those that fit their objects best, with a measure of how central they are.
///
/// Zhang et al., 2019 (<https://arxiv.org/abs/1912.02424>). Mirrors mmdet's `ATSSHead`.
public class ATSSHead: AnchorHead {
  public struct Config: ConfigRecord, Sendable {
    var anchors: AnchorHeadConfig
    var stack: ConvStackConfig
    /// Of the convolutions that give the outputs.
    var kernel: Int
    var lossCenterness: Component

    public init(from reader: inout ConfigReader) throws {
      var defaults = AnchorHeadConfig.Defaults()
      defaults.decodesForLoss = true
      defaults.initialization = [.head(classifier: "atss_cls")]
      stack = try ConvStackConfig(from: &reader, norm: NormConfig(.groupNorm(groups: 32)))
      kernel = try reader.count("pred_kernel_size", default: 3, in: 1...99)
      lossCenterness = try reader.component(
        "loss_centerness", default: ["type": "CrossEntropyLoss", "use_sigmoid": true, "loss_weight": 1.0])
      anchors = try AnchorHeadConfig(from: &reader, defaults)
    }
  }

  let clsConvs: ModuleList<ConvModule>
  let regConvs: ModuleList<ConvModule>
  let atssCls, atssReg, atssCenterness: Conv2d
  let scales: ModuleList<Scale>
  let lossCenterness: any DetectionLoss

  public init(_ config: Config, _ context: BuildContext) throws {
    let parts = try AnchorHeadParts(config.anchors, context).withoutSampling()
    let (input, width) = (config.anchors.inChannels, config.anchors.featChannels)
    try config.stack.check(width)
    clsConvs = config.stack.make(input, width)
    regConvs = config.stack.make(input, width)
    func output(_ channels: Int) -> Conv2d {
      Conv2d(width, channels, kernel: Pair(config.kernel), padding: Pair(config.kernel / 2))
    }
    atssCls = output(parts.priors * parts.scoreChannels)
    atssReg = output(parts.priors * 4)
    atssCenterness = output(parts.priors)
    scales = ModuleList(parts.generator.strides.map { _ in Scale() })
    lossCenterness = try config.lossCenterness.build(context.registries.detectionLosses, context)
    super.init(parts)
  }

  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var (scores, boxes, factors): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    for (level, x) in features.prefix(scales.count).enumerated() {
      let reg = regConvs(x)
      scores.append(atssCls(clsConvs(x)))
      boxes.append(scales[level](atssReg(reg)))
      factors.append(atssCenterness(reg))
    }
    return DenseOutputs(scores: scores, boxes: boxes, factors: factors)
  }

  override func sample(_ anchors: Boxes, _ truth: GroundTruth, counts: [Int]) throws -> (
    AssignResult, SamplingResult
  ) {
    try parts.sampleByLevel(anchors, truth, counts: counts, for: self)
  }

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    let anchors = try levelAnchors(outputs.sizes)
    let targets = try targets(anchors, outputs.sizes, truths, metas)
    let factor = Double(targets.reduce(0) { $0 + max($1.positiveCount, 1) })
    var losses: (cls: [Tensor], box: [Tensor], centerness: [Tensor]) = ([], [], [])
    var total = 0.0
    for (level, range) in levelRanges(anchors.map(\.count)).enumerated() {
      let target = LevelTargets(targets, range)
      let (scores, codes) = (
        rows(outputs.scores[level], width: scoreChannels), rows(outputs.boxes[level], width: 4)
      )
      let centerness = rows(outputs.factors?[level] ?? codes, width: 1).reshaped([-1])
      losses.cls.append(
        try lossCls(scores, labels: target.labels, weight: target.labelWeights, averageFactor: factor))
      let positives = target.positives(classes)
      if positives.isEmpty {
        losses.box.append(codes.sum() * 0)
        losses.centerness.append(centerness.sum() * 0)
        continue
      }
      let own = anchors[level][positives.map { $0 % anchors[level].count }]
      let wanted = Boxes(target.boxTargets.indexSelected(0, positives))
      let central = Self.centerness(own, wanted)
      total += central.reduce(0) { $0 + Double($1) }
      losses.box.append(
        try lossBbox(
          boxCoder.decode(own.tensor, codes.indexSelected(0, positives)), values: wanted.tensor,
          weight: Tensor(central), averageFactor: 1))
      losses.centerness.append(
        try lossCenterness(
          centerness.indexSelected(0, positives), values: Tensor(central), averageFactor: factor))
    }
    var terms = LossTerms()
    terms.set("loss_cls", levels: losses.cls)
    terms.set("loss_bbox", levels: losses.box.map { $0 / Float(max(total, 1)) })
    terms.set("loss_centerness", levels: losses.centerness)
    return terms
  }

  /// How central the middle of each anchor is in its object.
  static func centerness(_ anchors: Boxes, _ truths: Boxes) -> [Float] {
    FCOSHead.centerness(
      zip(anchors, truths).flatMap { anchor, truth -> [Float] in
        let (x, y) = anchor.center
        return [x - truth.x1, y - truth.y1, truth.x2 - x, truth.y2 - y]
      })
  }
}

extension AnchorHeadParts {
  /// The same, trained on all anchors whatever the config says.
  func withoutSampling() -> AnchorHeadParts {
    var copy = self
    (copy.samples, copy.sampler) = (false, PseudoSampler())
    return copy
  }

  /// Assigns with an assigner that must know which anchors belong to each level.
  func sampleByLevel(_ anchors: Boxes, _ truth: GroundTruth, counts: [Int], for head: AnchorHead) throws -> (
    AssignResult, SamplingResult
  ) {
    let result: AssignResult
    switch assigner {
    case let assigner as ATSSAssigner:
      guard assigner.alpha == nil else {
        throw InvalidConfig("\(type(of: head)) works with an ATSSAssigner without alpha")
      }
      result = assigner.assign(
        anchors, counts: counts, truth.boxes, ignored: truth.ignoredBoxes, labels: truth.labels)
    default:
      throw InvalidConfig(
        "\(type(of: head)) needs an ATSSAssigner in train_cfg, found \(config.training?.assigner?.typeName ?? "none")"
      )
    }
    return (result, try sampler.sample(result, anchors, truth.boxes))
  }
}

extension LevelTargets {
  /// Rows that stand for objects.
  func positives(_ classes: Int) -> [Int] {
    labels.elements(as: Int64.self).indices(where: { $0 >= 0 && $0 < classes })
  }
}

extension [Int64] {
  func indices(where holds: (Int64) -> Bool) -> [Int] { indices.filter { holds(self[$0]) } }
}
