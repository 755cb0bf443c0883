import Core
import PyConfig

/// Each point within an object tells the distances to its sides, and how central it is.
///
/// Tian et al., 2019 (<https://arxiv.org/abs/1904.01355>). Mirrors mmdet's `FCOSHead`.
public final class FCOSHead: AnchorFreeHead {
  public struct Config: ConfigRecord, Sendable {
    var base: AnchorFreeConfig
    var ranges: [ClosedRange<Float>]
    var centerRadius: Float?
    /// Whether distances are in strides, and rectified instead of exponential.
    var normalizesBoxes: Bool
    var centernessFromBoxes: Bool
    var lossCenterness: Component

    public init(from reader: inout ConfigReader) throws {
      ranges = try reader.regressRanges()
      let samples = try reader.value("center_sampling", default: false)
      let radius: Float = try reader.value("center_sample_radius", default: 1.5)
      centerRadius = samples ? radius : nil
      normalizesBoxes = try reader.value("norm_on_bbox", default: false)
      centernessFromBoxes = try reader.value("centerness_on_reg", default: false)
      lossCenterness = try reader.component(
        "loss_centerness", default: ["type": "CrossEntropyLoss", "use_sigmoid": true, "loss_weight": 1.0])
      base = try AnchorFreeConfig(from: &reader, .init(norm: NormConfig(.groupNorm(groups: 32))))
      guard ranges.count == base.strides.count else {
        throw reader.invalid(
          "must have a pair for each of \(base.strides.count) strides", key: "regress_ranges")
      }
    }
  }

  let clsConvs: ModuleList<ConvModule>
  let regConvs: ModuleList<ConvModule>
  let convCls, convReg, convCenterness: Conv2d
  let scales: ModuleList<Scale>
  let lossCenterness: any DetectionLoss
  private let settings: Config

  public convenience init(_ config: Config, _ context: BuildContext) throws {
    try config.base.stack.check(config.base.featChannels)
    try self.init(config, context, stacks: (config.base.makeStack(), config.base.makeStack()))
  }

  /// With other convolutions before those that classify and move.
  init(_ config: Config, _ context: BuildContext, stacks: (ModuleList<ConvModule>, ModuleList<ConvModule>))
    throws
  {
    let base = config.base
    (clsConvs, regConvs) = stacks
    convCls = Conv2d(base.featChannels, Self.scoreChannels(base), kernel: 3, padding: 1)
    convReg = Conv2d(base.featChannels, 4, kernel: 3, padding: 1)
    convCenterness = Conv2d(base.featChannels, 1, kernel: 3, padding: 1)
    scales = ModuleList(base.strides.map { _ in Scale() })
    lossCenterness = try config.lossCenterness.build(context.registries.detectionLosses, context)
    settings = config
    try super.init(base, context)
  }

  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var (scores, boxes, factors): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    for (level, x) in features.prefix(scales.count).enumerated() {
      let (cls, reg) = (clsConvs(x), regConvs(x))
      scores.append(convCls(cls))
      factors.append(convCenterness(settings.centernessFromBoxes ? reg : cls))
      let raw = scales[level](convReg(reg))
      if settings.normalizesBoxes {
        let distances = raw.clamped(min: 0)
        // In training it is the targets that are divided by the stride.
        boxes.append(isTraining ? distances : distances * Float(config.strides[level].w))
      } else {
        boxes.append(raw.exp())
      }
    }
    return DenseOutputs(scores: scores, boxes: boxes, factors: factors)
  }

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    let points = try self.points.points(sizes: outputs.sizes)
    let targets = PointTargets(
      points, truths, classes: classes,
      FCOSTargets(
        ranges: settings.ranges, strides: config.strides, centerRadius: settings.centerRadius,
        classes: classes),
      units: settings.normalizesBoxes ? config.strides.map { Float($0.w) } : nil)
    let scores = Tensor.concatenate(outputs.scores.map { rows($0, width: scoreChannels) })
    let boxes = Tensor.concatenate(outputs.boxes.map { rows($0, width: 4) })
    let centerness = Tensor.concatenate((outputs.factors ?? []).map { rows($0, width: 1).reshaped([-1]) })
    let positives = targets.positives
    let count = Double(max(positives.count, 1))
    var terms = LossTerms()
    terms["loss_cls"] = try lossCls(scores, labels: Tensor(targets.labels), averageFactor: count)
    let (ownBoxes, ownCenterness) = (
      boxes.indexSelected(0, positives), centerness.indexSelected(0, positives)
    )
    if positives.isEmpty {
      terms["loss_bbox"] = ownBoxes.sum()
      terms["loss_centerness"] = ownCenterness.sum()
      return terms
    }
    let wanted = targets.distances(positives)
    let central = Self.centerness(wanted)
    let at = AnchorFreeHead.pick(targets.points, positives)
    let total = max(central.reduce(0) { $0 + Double($1) }, 1e-6)
    terms["loss_bbox"] = try lossBbox(
      boxCoder.decode(at, ownBoxes),
      values: boxCoder.decode(at, Tensor(wanted, shape: [positives.count, 4])),
      weight: Tensor(central), averageFactor: total)
    terms["loss_centerness"] = try lossCenterness(
      ownCenterness, values: Tensor(central), averageFactor: count)
    return terms
  }

  /// How central each point is in its box: 1 in the middle, 0 on a side.
  static func centerness(_ distances: [Float]) -> [Float] {
    stride(from: 0, to: distances.count, by: 4).map { at in
      let (left, top, right, bottom) = (
        distances[at], distances[at + 1], distances[at + 2], distances[at + 3]
      )
      return ((min(left, right) / max(left, right)) * (min(top, bottom) / max(top, bottom))).squareRoot()
    }
  }
}

/// Targets of the points of all pictures: level by level, and picture by picture within a level.
struct PointTargets {
  var labels: [Int64] = []
  /// Left, top, right, bottom of each point.
  var allDistances: [Float] = []
  /// `x, y` of each.
  var points: [Float] = []
  var positives: [Int] = []
  /// One a point, where some points count more than others.
  var weights: [Float]?

  /// - Parameter units: what distances are divided by on each level.
  init(_ levels: [[Float]], _ truths: [GroundTruth], classes: Int, _ rule: FCOSTargets, units: [Float]?) {
    let images = truths.map { rule(levels, $0) }
    for level in levels.indices {
      for image in images {
        labels += image[level].labels
        let unit = units?[level]
        allDistances +=
          unit.map { unit in image[level].distances.map { $0 / unit } } ?? image[level].distances
        points += levels[level]
      }
    }
    positives = labels.indices.filter { labels[$0] >= 0 && labels[$0] < classes }
  }

  func distances(_ indices: [Int]) -> [Float] { indices.flatMap { allDistances[(4 * $0)..<(4 * $0 + 4)] } }
}
