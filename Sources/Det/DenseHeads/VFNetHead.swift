import Core
import PyConfig

/// Points that tell the distances to their object's sides, look again at nine points of that box, and score how good the
/// box is.
///
/// Zhang et al., 2020 (<https://arxiv.org/abs/2008.13367>). Mirrors mmdet's `VFNetHead`.
public final class VFNetHead: AnchorFreeHead {
  public struct Config: ConfigRecord, Sendable {
    var base: AnchorFreeConfig
    var ranges: [ClosedRange<Float>]
    var centerRadius: Float?
    var gradientFactor: Float
    var dividesByStride: Bool
    var usesVarifocal, usesATSS: Bool
    var lossFocal, lossRefine: Component
    var anchorGenerator: Component
    var centerOffset: Float
    var syncsCount: Bool

    public init(from reader: inout ConfigReader) throws {
      ranges = try reader.regressRanges()
      let samples = try reader.value("center_sampling", default: false)
      let radius: Float = try reader.value("center_sample_radius", default: 1.5)
      centerRadius = samples ? radius : nil
      syncsCount = try reader.value("sync_num_pos", default: true)
      gradientFactor = try reader.value("gradient_mul", default: 0.1)
      let kind = try reader.value("bbox_norm_type", default: "reg_denom")
      guard kind == "reg_denom" || kind == "stride" else {
        throw reader.invalid("must be 'reg_denom' or 'stride', found '\(kind)'", key: "bbox_norm_type")
      }
      dividesByStride = kind == "stride"
      lossFocal = try reader.component(
        "loss_cls_fl",
        default: ["type": "FocalLoss", "use_sigmoid": true, "gamma": 2.0, "alpha": 0.25, "loss_weight": 1.0])
      usesVarifocal = try reader.value("use_vfl", default: true)
      lossRefine = try reader.component(
        "loss_bbox_refine", default: ["type": "GIoULoss", "loss_weight": 2.0])
      usesATSS = try reader.value("use_atss", default: true)
      // Targets are boxes whatever it says.
      reader.ignore("reg_decoded_bbox")
      anchorGenerator = try reader.component(
        "anchor_generator",
        default: [
          "type": "AnchorGenerator", "ratios": [1.0], "octave_base_scale": 8, "scales_per_octave": 1,
          "center_offset": 0.0, "strides": [8, 16, 32, 64, 128],
        ])
      centerOffset = Float(anchorGenerator.node.dictionary?["center_offset"]?.double ?? 0)
      var defaults = AnchorFreeConfig.Defaults(norm: NormConfig(.groupNorm(groups: 32)))
      defaults.lossCls = [
        "type": "VarifocalLoss", "use_sigmoid": true, "alpha": 0.75, "gamma": 2.0, "iou_weighted": true,
        "loss_weight": 1.0,
      ]
      defaults.lossBox = ["type": "GIoULoss", "loss_weight": 1.5]
      defaults.classifier = "vfnet_cls"
      base = try AnchorFreeConfig(from: &reader, defaults)
      guard ranges.count == base.strides.count, ranges.count > 1 else {
        throw reader.invalid(
          "must have a pair for each of \(base.strides.count) strides", key: "regress_ranges")
      }
    }

    /// What distances are in units of, for each level.
    var units: [Float] {
      if dividesByStride { return base.strides.map { Float($0.w) } }
      var ends = ranges.map(\.upperBound)
      ends[ends.count - 1] = ends[ends.count - 2] * 2
      return ends
    }
  }

  let clsConvs: ModuleList<ConvModule>
  let regConvs: ModuleList<ConvModule>
  let vfnetRegConv: ConvModule
  let vfnetReg: Conv2d
  let scales: ModuleList<Scale>
  let vfnetRegRefineDconv: DeformConv2d
  let vfnetRegRefine: Conv2d
  let scalesRefine: ModuleList<Scale>
  let vfnetClsDconv: DeformConv2d
  let vfnetCls: Conv2d
  let lossBboxRefine: any DetectionLoss
  private let lossFocal: any DetectionLoss
  private let settings: Config
  private let generator: AnchorGenerator
  private let assigner: (any Assigner)?
  private let kernelBase = Buffer(kernelGrid(3), isPersistent: false)

  public init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    try base.stack.check(base.featChannels)
    let width = base.featChannels
    clsConvs = base.makeStack()
    regConvs = base.makeStack()
    vfnetRegConv = ConvModule(
      width, width, kernel: 3, padding: 1, bias: base.convBias, conv: base.stack.conv, norm: base.stack.norm)
    vfnetReg = Conv2d(width, 4, kernel: 3, padding: 1)
    scales = ModuleList(base.strides.map { _ in Scale() })
    vfnetRegRefineDconv = DeformConv2d(width, width, kernel: 3, padding: 1)
    vfnetRegRefine = Conv2d(width, 4, kernel: 3, padding: 1)
    scalesRefine = ModuleList(base.strides.map { _ in Scale() })
    vfnetClsDconv = DeformConv2d(width, width, kernel: 3, padding: 1)
    vfnetCls = Conv2d(width, Self.scoreChannels(base), kernel: 3, padding: 1)
    lossBboxRefine = try config.lossRefine.build(context.registries.detectionLosses, context)
    lossFocal = try config.lossFocal.build(context.registries.detectionLosses, context)
    generator = try config.anchorGenerator.build(context.registries.anchorGenerators, context)
    guard !config.usesATSS || generator.strides == base.strides else {
      throw InvalidConfig("anchor_generator.strides must be the head's strides")
    }
    assigner = try base.training?.assigner?.build(context.registries.assigners, context)
    settings = config
    try super.init(
      base, context,
      points: PointGenerator(strides: generator.strides, offset: config.usesATSS ? config.centerOffset : 0.5))
  }

  public override func applyInitialization(using generator: inout RandomGenerator) {
    super.applyInitialization(using: &generator)
    // The original asks a convolution that is a direct part of the head last.
    vfnetRegConv.initializeWeights(using: &generator)
  }

  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var outputs = DenseOutputs(scores: [], boxes: [])
    for (level, x) in features.prefix(scales.count).enumerated() {
      let (cls, reg) = (clsConvs(x), regConvs(x))
      let first = scales[level](vfnetReg(vfnetRegConv(reg))).exp() * settings.units[level]
      let offset = starOffset(first, stride: Float(config.strides[level].w))
      let again = vfnetRegRefineDconv(reg, offset).relu()
      let refined = scalesRefine[level](vfnetRegRefine(again)).exp() * first.detached()
      outputs.scores.append(vfnetCls(vfnetClsDconv(cls, offset).relu()))
      outputs.boxes.append(refined)
      outputs.extras.append(first)
    }
    return outputs
  }

  /// How far the nine points of a kernel move to lie on the corners, sides and middle of a box; only a part of the
  /// gradient goes back to the box.
  private func starOffset(_ box: Tensor, stride: Float) -> Tensor {
    let share = settings.gradientFactor
    let scaled = (box.detached() * (1 - share) + box * share) / stride
    let sides = scaled.split(1, sizes: [1, 1, 1, 1])
    let (left, top, right, bottom) = (-sides[0], -sides[1], sides[2], sides[3])
    let zero = Tensor.zeros(left.shape)
    let moves = [
      top, left, top, zero, top, right, zero, left, zero, zero, zero, right, bottom, left, bottom, zero,
      bottom, right,
    ]
    return Tensor.concatenate(moves, axis: 1) - kernelBase.value
  }

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    let levels = try points.points(sizes: outputs.sizes)
    let targets =
      settings.usesATSS
      ? try atssTargets(levels, outputs.sizes, truths, metas)
      : PointTargets(
        levels, truths, classes: classes,
        FCOSTargets(
          ranges: settings.ranges, strides: config.strides, centerRadius: settings.centerRadius,
          classes: classes),
        units: nil)
    let scores = Tensor.concatenate(outputs.scores.map { rows($0, width: scoreChannels) })
    let first = Tensor.concatenate(outputs.extras.map { rows($0, width: 4) })
    let refined = Tensor.concatenate(outputs.boxes.map { rows($0, width: 4) })
    let positives = targets.positives
    let count = settings.syncsCount ? max(positives.count, 1) : positives.count
    let (ownFirst, ownRefined) = (first.indexSelected(0, positives), refined.indexSelected(0, positives))
    var quality = [Float](repeating: 0, count: settings.usesVarifocal ? scores.count : 0)
    var (box, boxRefined) = (ownFirst.sum() * 0, ownRefined.sum() * 0)
    if !positives.isEmpty {
      let at = AnchorFreeHead.pick(targets.points, positives)
      let wanted = boxCoder.decode(at, Tensor(targets.distances(positives), shape: [positives.count, 4]))
      func part(_ codes: Tensor, _ loss: any DetectionLoss) throws -> (Tensor, overlaps: Tensor) {
        let boxes = boxCoder.decode(at, codes)
        let overlaps = withoutGradient { boxes.detached().alignedOverlaps(wanted).clamped(min: 1e-6) }
        return (
          try loss(
            boxes, values: wanted, weight: overlaps, averageFactor: Double(max(overlaps.sum().item, 1))),
          overlaps
        )
      }
      box = try part(ownFirst, lossBbox).0
      let (value, overlaps) = try part(ownRefined, lossBboxRefine)
      boxRefined = value
      if settings.usesVarifocal {
        for (row, overlap) in zip(positives, overlaps.floats) {
          quality[row * scoreChannels + Int(targets.labels[row])] = overlap
        }
      }
    }
    var terms = LossTerms()
    terms["loss_cls"] =
      settings.usesVarifocal
      ? try lossCls(scores, values: Tensor(quality, shape: scores.shape), averageFactor: Double(count))
      : try lossFocal(
        scores, labels: Tensor(targets.labels), weight: targets.weights.map { Tensor($0) },
        averageFactor: Double(count))
    terms["loss_bbox"] = box
    terms["loss_bbox_rf"] = boxRefined
    return terms
  }

  /// Targets of the points whose anchors stand for objects.
  private func atssTargets(
    _ levels: [[Float]], _ sizes: [Pair], _ truths: [GroundTruth], _ metas: [ImageMeta]
  ) throws
    -> PointTargets
  {
    guard let assigner = assigner as? ATSSAssigner, let training = config.training, assigner.alpha == nil
    else {
      throw InvalidConfig("VFNetHead needs an ATSSAssigner without alpha in train_cfg")
    }
    let anchors = try generator.priors(sizes: sizes)
    let all = Boxes(anchors.flatMap(\.values))
    let ranges = levelRanges(anchors.map(\.count))
    let images = zip(truths, metas).map { truth, meta -> (assigned: [Int], weights: [Float]) in
      let valid = sizes.indices.flatMap {
        generator.validFlags(level: $0, size: sizes[$0], padShape: meta.padShape)
      }
      let inside = insideFlags(all, valid, meta.size, border: training.allowedBorder)
      let places = inside.indices.filter { inside[$0] }
      let result = assigner.assign(
        all[places], counts: ranges.map { inside[$0].count { $0 } }, truth.boxes, ignored: truth.ignoredBoxes,
        labels: truth.labels)
      var assigned = [Int](repeating: 0, count: all.count)
      var weights = [Float](repeating: 0, count: all.count)
      for (index, place) in places.enumerated() {
        assigned[place] = max(result.gtIndices[index], 0)
        let positive: Float = training.positiveWeight <= 0 ? 1 : training.positiveWeight
        weights[place] = result.gtIndices[index] < 0 ? 0 : result.gtIndices[index] > 0 ? positive : 1
      }
      return (assigned, weights)
    }
    return PointTargets(levels, ranges, truths, images, classes: classes)
  }
}

extension PointTargets {
  /// From the objects (1 + index, 0 for none) of the points of each picture.
  init(
    _ levels: [[Float]], _ ranges: [Range<Int>], _ truths: [GroundTruth],
    _ images: [(assigned: [Int], weights: [Float])], classes: Int
  ) {
    var all: [Float] = []
    for (level, range) in ranges.enumerated() {
      for (truth, image) in zip(truths, images) {
        for (index, place) in range.enumerated() {
          let (x, y) = (levels[level][2 * index], levels[level][2 * index + 1])
          let object = image.assigned[place]
          // Without an object the box is empty and at the origin.
          let box = object > 0 ? truth.boxes[object - 1] : Box(0, 0, 0, 0)
          labels.append(Int64(object > 0 ? truth.labels[object - 1] : classes))
          allDistances += [x - box.x1, y - box.y1, box.x2 - x, box.y2 - y]
          points += [x, y]
          all.append(image.weights[place])
        }
      }
    }
    weights = all
    positives = labels.indices.filter { labels[$0] >= 0 && labels[$0] < classes }
  }
}
