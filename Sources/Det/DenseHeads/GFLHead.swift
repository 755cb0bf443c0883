import Core
import PyConfig

/// Distances as distributions over whole strides, and scores that say how good a box is.
///
/// Li et al., 2020 (<https://arxiv.org/abs/2006.04388>). Mirrors mmdet's `GFLHead`.
public class GFLHead: AnchorHead {
  public struct Config: ConfigRecord, Sendable {
    var anchors: AnchorHeadConfig
    var stack: ConvStackConfig
    /// The largest distance, in strides.
    var maximum: Int
    var lossDistribution: Component

    public init(from reader: inout ConfigReader) throws {
      var defaults = AnchorHeadConfig.Defaults()
      defaults.boxCoder = ["type": "DistancePointBBoxCoder"]
      defaults.initialization = [.head(classifier: "gfl_cls")]
      stack = try ConvStackConfig(from: &reader, norm: NormConfig(.groupNorm(groups: 32)))
      maximum = try reader.count("reg_max", default: 16, in: 1...1000)
      lossDistribution = try reader.component(
        "loss_dfl", default: ["type": "DistributionFocalLoss", "loss_weight": 0.25])
      anchors = try AnchorHeadConfig(from: &reader, defaults)
    }
  }

  let clsConvs: ModuleList<ConvModule>
  let regConvs: ModuleList<ConvModule>
  let gflCls, gflReg: Conv2d
  let scales: ModuleList<Scale>
  let integral: Integral
  let lossDfl: any DetectionLoss
  let pointCoder: DistancePointBBoxCoder

  public init(_ config: Config, _ context: BuildContext) throws {
    let parts = try AnchorHeadParts(config.anchors, context).withoutSampling()
    guard parts.priors == 1 else {
      throw InvalidConfig("anchor_generator must give one anchor a position, found \(parts.priors)")
    }
    guard parts.generator.strides.allSatisfy({ $0.h == $0.w }) else {
      throw InvalidConfig("anchor_generator: strides must be the same along both axes")
    }
    guard let pointCoder = parts.boxCoder as? DistancePointBBoxCoder else {
      throw InvalidConfig(
        "bbox_coder must be a DistancePointBBoxCoder, found \(config.anchors.boxCoder.typeName ?? "none")")
    }
    let (input, width) = (config.anchors.inChannels, config.anchors.featChannels)
    try config.stack.check(width)
    clsConvs = config.stack.make(input, width)
    regConvs = config.stack.make(input, width)
    gflCls = Conv2d(width, parts.scoreChannels, kernel: 3, padding: 1)
    gflReg = Conv2d(width, 4 * (config.maximum + 1), kernel: 3, padding: 1)
    scales = ModuleList(parts.generator.strides.map { _ in Scale() })
    integral = Integral(config.maximum)
    lossDfl = try config.lossDistribution.build(context.registries.detectionLosses, context)
    self.pointCoder = pointCoder
    super.init(parts)
  }

  private var codes: Int { 4 * (integral.maximum + 1) }

  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var outputs = DenseOutputs(scores: [], boxes: [])
    for (level, x) in features.prefix(scales.count).enumerated() {
      outputs.scores.append(gflCls(clsConvs(x)))
      outputs.boxes.append(scales[level](gflReg(regConvs(x))))
    }
    return outputs
  }

  override func codeWidth(_ boxes: Tensor, _ level: Int) -> Int { codes }

  public override func decode(level: Int, _ kept: [Int], _ codes: Tensor, sizes: [Pair], _ meta: ImageMeta)
    throws
    -> Boxes
  {
    let anchors = try generator.priors(kept, level: level, sizes: sizes)
    let distances = integral(codes) * Float(generator.strides[level].w)
    return Boxes(pointCoder.decode(Self.centers(anchors), distances, maxShape: meta.size))
  }

  override func sample(_ anchors: Boxes, _ truth: GroundTruth, counts: [Int]) throws -> (
    AssignResult, SamplingResult
  ) {
    try parts.sampleByLevel(anchors, truth, counts: counts, for: self)
  }

  /// Targets are boxes, not distances.
  override var encodesTargets: Bool { false }

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    let anchors = try levelAnchors(outputs.sizes)
    let targets = try targets(anchors, outputs.sizes, truths, metas)
    let factor = Double(targets.reduce(0) { $0 + max($1.positiveCount, 1) })
    var losses: (cls: [Tensor], box: [Tensor], distribution: [Tensor]) = ([], [], [])
    var total = 0.0
    for (level, range) in levelRanges(anchors.map(\.count)).enumerated() {
      let target = LevelTargets(targets, range)
      let scores = rows(outputs.scores[level], width: scoreChannels)
      let raw = rows(outputs.boxes[level], width: codes)
      let positives = target.positives(classes)
      var quality = [Float](repeating: 0, count: target.labels.count)
      if positives.isEmpty {
        losses.box.append(raw.sum() * 0)
        losses.distribution.append(raw.sum() * 0)
      } else {
        let own = anchors[level][positives.map { $0 % anchors[level].count }]
        let unit = Float(generator.strides[level].w)
        let centers = Self.centers(own) / unit
        let distribution = raw.indexSelected(0, positives)
        let predicted = pointCoder.decode(centers, integral(distribution))
        let wanted = target.boxTargets.indexSelected(0, positives) / unit
        let weight = withoutGradient {
          scores.detached().indexSelected(0, positives).sigmoid().maximum(along: 1).values
        }
        total += weight.floats.reduce(0) { $0 + Double($1) }
        let overlaps = withoutGradient { predicted.detached().alignedOverlaps(wanted).floats }
        for (index, row) in positives.enumerated() { quality[row] = overlaps[index] }
        losses.box.append(try lossBbox(predicted, values: wanted, weight: weight, averageFactor: 1))
        let corners = pointCoder.encode(centers.floats, Boxes(wanted), limit: Float(integral.maximum))
        losses.distribution.append(
          try lossDfl(
            distribution.reshaped([-1, integral.maximum + 1]), values: Tensor(corners),
            weight: weight.unsqueezed(1).repeated([1, 4]).reshaped([-1]), averageFactor: 4))
      }
      losses.cls.append(
        try lossCls(
          scores, .quality(labels: target.labels, scores: Tensor(quality)), weight: target.labelWeights,
          averageFactor: factor, reduction: nil))
    }
    let divisor = Float(max(total, 1))
    var terms = LossTerms()
    terms.set("loss_cls", levels: losses.cls)
    terms.set("loss_bbox", levels: losses.box.map { $0 / divisor })
    terms.set("loss_dfl", levels: losses.distribution.map { $0 / divisor })
    return terms
  }

  /// The middles of anchors, `[n, 2]`.
  static func centers(_ anchors: Boxes) -> Tensor {
    Tensor(anchors.flatMap { [$0.center.x, $0.center.y] }, shape: [anchors.count, 2])
  }
}

/// The mean of a distribution over 0, 1, ..., `maximum`. Mirrors the layer of mmdet's `GFLHead`.
///
/// - Input: scores `[n, 4 · (maximum + 1)]`
/// - Output: `[n, 4]`
final class Integral: Module {
  let project: Buffer
  let maximum: Int

  init(_ maximum: Int) {
    self.maximum = maximum
    project = Buffer(Tensor((0...maximum).map { Float($0) }))
  }

  func callAsFunction(_ scores: Tensor) -> Tensor {
    let probabilities = scores.reshaped([-1, maximum + 1]).softmax(1)
    return probabilities.linear(project.value.reshaped([1, maximum + 1])).reshaped([-1, 4])
  }
}
