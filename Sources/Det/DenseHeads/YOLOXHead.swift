import Core
import Foundation
import PyConfig

/// Boxes, objectness and classes of points, each with a branch of its own on each level.
///
/// Ge et al., 2021 (<https://arxiv.org/abs/2107.08430>). Mirrors mmdet's `YOLOXHead`.
public final class YOLOXHead: BaseDenseHead {
  public struct Config: ConfigRecord, Sendable {
    var classes, inChannels, featChannels, depth: Int
    var strides: [Pair]
    var isDepthwise, deformsLast: Bool
    var convBias: Bool?
    var style: ConvStyle
    var lossCls, lossBox, lossObject, lossL1: Component
    var training: DenseTrainConfig?
    var testing: DenseTestConfig?
    var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      classes = try reader.classes()
      inChannels = try reader.channels("in_channels")
      featChannels = try reader.channels("feat_channels", default: 256)
      depth = try reader.count("stacked_convs", default: 2)
      strides = reader.has("strides") ? try reader.strides() : [8, 16, 32]
      isDepthwise = try reader.value("use_depthwise", default: false)
      deformsLast = try reader.value("dcn_on_last_conv", default: false)
      convBias = try reader.autoBias("conv_bias")
      var norm = NormConfig.batchNorm
      (norm.momentum, norm.eps) = (0.03, 0.001)
      style = try ConvStyle(from: &reader, norm: norm, activation: .function(.silu))
      let entropy: ConfigNode = [
        "type": "CrossEntropyLoss", "use_sigmoid": true, "reduction": "sum", "loss_weight": 1.0,
      ]
      lossCls = try reader.component("loss_cls", default: entropy)
      lossBox = try reader.component(
        "loss_bbox",
        default: ["type": "IoULoss", "mode": "square", "eps": 1e-16, "reduction": "sum", "loss_weight": 5.0])
      lossObject = try reader.component("loss_obj", default: entropy)
      lossL1 = try reader.component(
        "loss_l1", default: ["type": "L1Loss", "reduction": "sum", "loss_weight": 1.0])
      training = try reader.optional("train_cfg")
      testing = try reader.optional("test_cfg")
      initialization = try reader.initialization(
        default: [InitConfig(.kaiming(a: 5.0.squareRoot(), .fanIn, .leakyReLU, .uniform), layers: ["Conv2d"])]
      )
    }
  }

  let lossCls, lossBbox, lossObj, lossL1: any DetectionLoss
  let multiLevelClsConvs, multiLevelRegConvs: ModuleList<Sequential>
  let multiLevelConvCls, multiLevelConvReg, multiLevelConvObj: ModuleList<Conv2d>
  /// Whether the raw numbers of boxes are trained as well; the last epochs' hook sets it.
  public var usesL1 = false
  private let points: PointGenerator
  private let channels: Int
  private let assigner: (any Assigner)?

  public init(_ config: Config, _ context: BuildContext) throws {
    func loss(_ component: Component) throws -> any DetectionLoss {
      try component.build(context.registries.detectionLosses, context)
    }
    (lossCls, lossBbox) = (try loss(config.lossCls), try loss(config.lossBox))
    (lossObj, lossL1) = (try loss(config.lossObject), try loss(config.lossL1))
    try config.style.check(channels: [config.featChannels, config.inChannels])
    func stack() -> Sequential {
      Sequential(
        (0..<config.depth).map { index -> any UnaryModule in
          var style = config.style
          if config.deformsLast && index == config.depth - 1 { style.conv = ConvConfig(.modulatedDeformable) }
          let input = index == 0 ? config.inChannels : config.featChannels
          if config.isDepthwise {
            return DepthwiseSeparableConvModule(
              input, config.featChannels, kernel: 3, padding: 1, style: style)
          }
          return ConvModule(
            input, config.featChannels, kernel: 3, padding: 1, bias: config.convBias, conv: style.conv,
            norm: style.norm,
            activation: style.activation)
        })
    }
    func outputs(_ channels: Int) -> ModuleList<Conv2d> {
      ModuleList(config.strides.map { _ in Conv2d(config.featChannels, channels, kernel: 1) })
    }
    multiLevelClsConvs = ModuleList(config.strides.map { _ in stack() })
    multiLevelRegConvs = ModuleList(config.strides.map { _ in stack() })
    multiLevelConvCls = outputs(config.classes)
    multiLevelConvReg = outputs(4)
    multiLevelConvObj = outputs(1)
    points = PointGenerator(strides: config.strides, offset: 0)
    channels = config.inChannels
    assigner = try config.training?.assigner?.build(context.registries.assigners, context)
    super.init(
      classes: config.classes, usesSigmoid: true, testing: config.testing,
      initialization: config.initialization)
  }

  public override func applyInitialization(using generator: inout RandomGenerator) {
    super.applyInitialization(using: &generator)
    let start = Init.bias(forProbability: 0.01)
    for conv in Array(multiLevelConvCls) + Array(multiLevelConvObj) {
      if let bias = conv.bias { Init.constant(bias, start) }
    }
  }

  override var inputChannels: [Int] { [channels] }

  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var (scores, boxes, factors): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    for (level, x) in features.prefix(points.strides.count).enumerated() {
      let (cls, reg) = (multiLevelClsConvs[level](x), multiLevelRegConvs[level](x))
      scores.append(multiLevelConvCls[level](cls))
      boxes.append(multiLevelConvReg[level](reg))
      factors.append(multiLevelConvObj[level](reg))
    }
    return DenseOutputs(scores: scores, boxes: boxes, factors: factors)
  }

  /// Boxes `[n, 4]` from the head's numbers and `x, y` with stride, `[n, 4]`.
  private func decode(_ priors: Tensor, _ codes: Tensor) -> Tensor {
    let (place, stride) = (priors.sliced(1, 0..<2), priors.sliced(1, 2..<4))
    let center = codes.sliced(1, 0..<2) * stride + place
    let half = codes.sliced(1, 2..<4).exp() * stride / 2
    return Tensor.concatenate([center - half, center + half], axis: 1)
  }

  /// `x, y, stride, stride` of all points, level by level.
  private func priors(_ sizes: [Pair]) throws -> [Float] {
    try points.points(sizes: sizes).enumerated().flatMap { level, points -> [Float] in
      let stride = self.points.strides[level]
      return Swift.stride(from: 0, to: points.count, by: 2).flatMap {
        [points[$0], points[$0 + 1], Float(stride.w), Float(stride.h)]
      }
    }
  }

  /// Every point with its best class, if that times its objectness is enough.
  override func candidates(_ outputs: DenseOutputs, image: Int, _ meta: ImageMeta, _ config: DenseTestConfig)
    throws
    -> Candidates
  {
    let scores = Tensor.concatenate(outputs.scores.map { rows($0, image, width: classes) }).sigmoid()
    let objectness = Tensor.concatenate((outputs.factors ?? []).map { rows($0, image, width: 1) }).sigmoid()
      .floats
    let (best, labels) = scores.maximum(along: 1)
    let (values, names) = (best.floats, labels.elements(as: Int64.self))
    let kept = values.indices.filter { objectness[$0] * values[$0] >= config.scoreThreshold }
    if kept.isEmpty { return Candidates() }
    let all = try priors(outputs.sizes)
    let codes = Tensor.concatenate(outputs.boxes.map { rows($0, image, width: 4) }).indexSelected(0, kept)
    let own = Tensor(kept.flatMap { all[(4 * $0)..<(4 * $0 + 4)] }, shape: [kept.count, 4])
    return Candidates(
      boxes: Boxes(decode(own, codes)), scores: kept.map { values[$0] }, labels: kept.map { Int(names[$0]) },
      factors: kept.map { objectness[$0] })
  }

  // MARK: Training

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    guard let assigner = assigner as? SimOTAAssigner else {
      throw InvalidConfig("YOLOXHead needs a SimOTAAssigner in train_cfg")
    }
    let count = truths.count
    func flat(_ levels: [Tensor], _ width: Int) -> Tensor {
      Tensor.concatenate(
        levels.map { $0.permuted([0, 2, 3, 1]).reshaped([count, $0.shape[2] * $0.shape[3], width]) }, axis: 1
      ).reshaped([-1, width])
    }
    let scores = flat(outputs.scores, classes)
    let codes = flat(outputs.boxes, 4)
    let objectness = flat(outputs.factors ?? [], 1)
    let priors = try priors(outputs.sizes)
    let total = priors.count / 4
    let boxes = decode(Tensor(priors, shape: [total, 4]).repeated([count, 1]), codes)
    let predicted = Boxes(boxes)
    let quality = withoutGradient { (scores.detached().sigmoid() * objectness.detached().sigmoid()).floats }
    var positives: [Int] = []
    var (classTargets, boxTargets, codeTargets): ([Float], [Float], [Float]) = ([], [], [])
    var objects = [Float](repeating: 0, count: count * total)
    for (image, truth) in truths.enumerated() where !truth.boxes.isEmpty {
      let range = (image * total)..<((image + 1) * total)
      let middles = priors.enumerated().map { at, value in at % 4 < 2 ? value + priors[at + 2] * 0.5 : value }
      let assigned = assigner.assign(
        Array(quality[(range.lowerBound * classes)..<(range.upperBound * classes)]), classes: classes,
        middles,
        Boxes(Array(predicted.values[(4 * range.lowerBound)..<(4 * range.upperBound)])), truth.boxes,
        labels: truth.labels)
      for (prior, index) in assigned.gtIndices.enumerated() where index > 0 {
        positives.append(range.lowerBound + prior)
        objects[range.lowerBound + prior] = 1
        var own = [Float](repeating: 0, count: classes)
        own[truth.labels[index - 1]] = assigned.maxOverlaps[prior]
        classTargets += own
        let box = truth.boxes[index - 1]
        boxTargets += [box.x1, box.y1, box.x2, box.y2]
        let (x, y, w, h) = (
          priors[4 * prior], priors[4 * prior + 1], priors[4 * prior + 2], priors[4 * prior + 3]
        )
        codeTargets += [
          (box.center.x - x) / w, (box.center.y - y) / h, logf(box.width / w + 1e-8),
          logf(box.height / h + 1e-8),
        ]
      }
    }
    let samples = Float(max(positives.count, 1))
    let shape = [positives.count, 4]
    var terms = LossTerms()
    terms["loss_cls"] =
      try lossCls(
        scores.indexSelected(0, positives), values: Tensor(classTargets, shape: [positives.count, classes]))
      / samples
    terms["loss_bbox"] =
      try lossBbox(
        boxes.indexSelected(0, positives), values: Tensor(boxTargets, shape: shape)) / samples
    terms["loss_obj"] = try lossObj(objectness, values: Tensor(objects, shape: [count * total, 1])) / samples
    if usesL1 {
      terms["loss_l1"] =
        try lossL1(
          codes.indexSelected(0, positives), values: Tensor(codeTargets, shape: shape)) / samples
    }
    return terms
  }
}
