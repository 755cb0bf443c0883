import Core
import PyConfig

/// Objects as sets of points, whose extent is the box; a second look at the points refines them.
///
/// Yang et al., 2019 (<https://arxiv.org/abs/1904.11490>). Mirrors mmdet's `RepPointsHead`.
public final class RepPointsHead: AnchorFreeHead {
  public enum Transform: String, Sendable, CaseIterable, ConfigDecodable {
    case minmax, moment
    case partialMinmax = "partial_minmax"
  }

  public struct Config: ConfigRecord, Sendable {
    var base: AnchorFreeConfig
    var pointChannels: Int
    var kernel: Int
    var gradientFactor: Float
    var scale: Float
    var lossInit, lossRefine: Component
    var usesGrid, startsAtCenter: Bool
    var transform: Transform
    var momentFactor: Float
    var training: RepPointsTraining?

    public init(from reader: inout ConfigReader) throws {
      pointChannels = try reader.channels("point_feat_channels", default: 256)
      let count = try reader.count("num_points", default: 9, in: 1...441)
      kernel = Int(Double(count).squareRoot())
      guard kernel * kernel == count, kernel % 2 == 1 else {
        throw reader.invalid("must be the square of an odd number, found \(count)", key: "num_points")
      }
      gradientFactor = try reader.value("gradient_mul", default: 0.1)
      scale = try reader.value("point_base_scale", default: 4)
      guard scale > 0 else {
        throw reader.invalid("must be positive, found \(scale)", key: "point_base_scale")
      }
      lossInit = try reader.component("loss_bbox_init", default: Self.distance(0.5))
      lossRefine = try reader.component("loss_bbox_refine", default: Self.distance(1))
      usesGrid = try reader.value("use_grid_points", default: false)
      startsAtCenter = try reader.value("center_init", default: true)
      transform = try reader.value("transform_method", default: .moment)
      momentFactor = try reader.value("moment_mul", default: 0.01)
      let strides = reader.has("point_strides") ? try reader.strides("point_strides") : [8, 16, 32, 64, 128]
      training = try reader.optional("train_cfg")
      var defaults = AnchorFreeConfig.Defaults()
      defaults.classifier = "reppoints_cls_out"
      base = try AnchorFreeConfig(from: &reader, defaults, readsTraining: false)
      base.strides = strides
    }

    private static func distance(_ weight: Double) -> ConfigNode {
      ["type": "SmoothL1Loss", "beta": .init(.float(1.0 / 9)), "loss_weight": .init(.float(weight))]
    }
  }

  let clsConvs: ModuleList<ConvModule>
  let regConvs: ModuleList<ConvModule>
  let reppointsClsConv: DeformConv2d
  let reppointsClsOut: Conv2d
  let reppointsPtsInitConv, reppointsPtsInitOut: Conv2d
  let reppointsPtsRefineConv: DeformConv2d
  let reppointsPtsRefineOut: Conv2d
  /// Logarithms of how much wider and higher the box is than the points' deviations.
  let momentTransfer: Parameter?
  let lossBboxInit, lossBboxRefine: any DetectionLoss
  let settings: Config
  let stages: RepPointsStages?
  private let kernelBase: Buffer

  public init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    let (width, points) = (base.featChannels, config.pointChannels)
    try base.stack.check(width)
    clsConvs = base.stack.make(base.inChannels, width)
    regConvs = base.stack.make(base.inChannels, width)
    let outputs = config.usesGrid ? 4 : 2 * config.kernel * config.kernel
    reppointsClsConv = DeformConv2d(width, points, kernel: config.kernel, padding: config.kernel / 2)
    reppointsClsOut = Conv2d(points, Self.scoreChannels(base), kernel: 1)
    reppointsPtsInitConv = Conv2d(width, points, kernel: 3, padding: 1)
    reppointsPtsInitOut = Conv2d(points, outputs, kernel: 1)
    reppointsPtsRefineConv = DeformConv2d(width, points, kernel: config.kernel, padding: config.kernel / 2)
    reppointsPtsRefineOut = Conv2d(points, outputs, kernel: 1)
    momentTransfer = config.transform == .moment ? Parameter(.zeros([2])) : nil
    lossBboxInit = try config.lossInit.build(context.registries.detectionLosses, context)
    lossBboxRefine = try config.lossRefine.build(context.registries.detectionLosses, context)
    settings = config
    stages = try config.training.map {
      try RepPointsStages($0, samples: config.base.lossCls.typeName != "FocalLoss", context)
    }
    kernelBase = Buffer(kernelGrid(config.kernel), isPersistent: false)
    try super.init(base, context, points: PointGenerator(strides: base.strides, offset: 0))
  }

  /// `extras` are the points of the first look, then those of the second.
  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var (scores, first, second): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    for x in features.prefix(config.strides.count) {
      let reach = settings.scale / 2
      let reg = regConvs(x)
      var points = reppointsPtsInitOut(reppointsPtsInitConv(reg).relu())
      var box: Tensor?
      if settings.usesGrid {
        let start = Tensor([-reach, -reach, reach, reach], shape: [1, 4, 1, 1])
        (points, box) = grid(points, start)
      } else if !settings.startsAtCenter {
        points = points + kernelBase.value * (reach / Float(max(1, settings.kernel / 2)))
      }
      let share = settings.gradientFactor
      let offset = points.detached() * (1 - share) + points * share - kernelBase.value
      scores.append(reppointsClsOut(reppointsClsConv(clsConvs(x), offset).relu()))
      var refined = reppointsPtsRefineOut(reppointsPtsRefineConv(reg, offset).relu())
      if let box {
        (refined, _) = grid(refined, box.detached())
      } else {
        refined = refined + points.detached()
      }
      first.append(points)
      second.append(refined)
    }
    let boxes = isTraining ? second : second.map { box(of: $0, axis: 1) }
    return DenseOutputs(scores: scores, boxes: boxes, extras: first + second)
  }

  /// The points of a grid within a moved box, `y, x` of each, and that box; `[N, 4, H, W]`.
  private func grid(_ codes: Tensor, _ previous: Tensor) -> (points: Tensor, box: Tensor) {
    let (n, h, w) = (codes.shape[0], codes.shape[2], codes.shape[3])
    let (start, end) = (previous.sliced(1, 0..<2), previous.sliced(1, 2..<4))
    let size = (end - start).clamped(min: 1e-6)
    let newSize = size * codes.sliced(1, 2..<4).exp()
    let corner = (start + end) / 2 + size * codes.sliced(1, 0..<2) - newSize * 0.5
    let k = settings.kernel
    let steps = Tensor((0..<k).map { k == 1 ? 0 : Float($0) / Float(k - 1) }, shape: [1, k, 1, 1])
    let x = corner.sliced(1, 0..<1) + newSize.sliced(1, 0..<1) * steps
    let y = corner.sliced(1, 1..<2) + newSize.sliced(1, 1..<2) * steps
    let allX = x.unsqueezed(1).expanded(to: [n, k, k, h, w]).reshaped([n, k * k, h, w])
    let allY = y.unsqueezed(2).expanded(to: [n, k, k, h, w]).reshaped([n, k * k, h, w])
    let points = Tensor.stack([allY, allX], axis: 2).reshaped([n, 2 * k * k, h, w])
    return (points, Tensor.concatenate([corner, corner + newSize], axis: 1))
  }

  /// The box of points that lie along `axis` as `y, x` pairs (`x, y` where `xFirst`).
  func box(of points: Tensor, axis: Int, xFirst: Bool = false) -> Tensor {
    let count = points.shape[axis] / 2
    let pairs = points.reshaped(
      Array(points.shape[..<axis]) + [count, 2] + Array(points.shape[(axis + 1)...]))
    var y = pairs.selected(axis + 1, xFirst ? 1 : 0)
    var x = pairs.selected(axis + 1, xFirst ? 0 : 1)
    if settings.transform == .moment {
      let (meanX, meanY) = (x.mean([axis], keepingAxes: true), y.mean([axis], keepingAxes: true))
      let deviationX = (x - meanX).standardDeviation([axis], keepingAxes: true)
      let deviationY = (y - meanY).standardDeviation([axis], keepingAxes: true)
      let transfer = momentTransfer?.value ?? .zeros([2])
      let slow = (transfer * settings.momentFactor + transfer.detached() * (1 - settings.momentFactor)).exp()
      let (halfX, halfY) = (deviationX * slow[0], deviationY * slow[1])
      return Tensor.concatenate([meanX - halfX, meanY - halfY, meanX + halfX, meanY + halfY], axis: axis)
    }
    if settings.transform == .partialMinmax {
      (x, y) = (x.sliced(axis, 0..<min(4, count)), y.sliced(axis, 0..<min(4, count)))
    }
    func ends(_ values: Tensor) -> (Tensor, Tensor) {
      (
        values.minimum(along: axis, keepingAxis: true).values,
        values.maximum(along: axis, keepingAxis: true).values
      )
    }
    let ((left, right), (top, bottom)) = (ends(x), ends(y))
    return Tensor.concatenate([left, top, right, bottom], axis: axis)
  }

  public override func decode(level: Int, _ kept: [Int], _ codes: Tensor, sizes: [Pair], _ meta: ImageMeta)
    throws
    -> Boxes
  {
    let at = AnchorFreeHead.pick(try points.points(sizes: sizes)[level], kept)
    let boxes = codes * Float(config.strides[level].w) + Tensor.concatenate([at, at], axis: 1)
    return Boxes(boxes.clipped(to: meta.size))
  }

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    guard let stages else {
      throw InvalidConfig("RepPointsHead has no train_cfg; it cannot be trained without one")
    }
    let levels = outputs.sizes.count
    let centers = try points.points(sizes: outputs.sizes)
    let flags = metas.map { meta in
      outputs.sizes.indices.flatMap {
        points.validFlags(level: $0, size: outputs.sizes[$0], padShape: meta.padShape)
      }
    }
    let strides = config.strides.map { Float($0.w) }
    let first = try stages.first(centers, strides, settings.scale, flags, truths, classes)
    let proposals = withoutGradient {
      truths.indices.map { image -> Boxes in
        Boxes(
          (0..<levels).flatMap { level -> [Float] in
            let box = self.box(of: outputs.extras[level].detached(), axis: 1)
            let shift = rows(box, image, width: 4) * strides[level]
            let at = AnchorFreeHead.pick(centers[level], Array(0..<(centers[level].count / 2)))
            return (shift + Tensor.concatenate([at, at], axis: 1)).floats
          })
      }
    }
    let second = try stages.second(proposals, flags, truths, classes)
    let ranges = levelRanges(centers.map { $0.count / 2 })
    var losses: (cls: [Tensor], first: [Tensor], second: [Tensor]) = ([], [], [])
    for (level, range) in ranges.enumerated() {
      let (a, b) = (LevelTargets(first.images, range), LevelTargets(second.images, range))
      losses.cls.append(
        try lossCls(
          rows(outputs.scores[level], width: scoreChannels), labels: b.labels, weight: b.labelWeights,
          averageFactor: second.factor))
      let unit = settings.scale * strides[level]
      func part(_ map: Tensor, _ target: LevelTargets, _ loss: any DetectionLoss, _ factor: Double) throws
        -> Tensor
      {
        let shifts = rows(map, width: map.shape[1]) * strides[level]
        let at = AnchorFreeHead.pick(centers[level], Array(range.indices.map { $0 - range.lowerBound }))
        let base = Tensor.concatenate([at, at], axis: 1).repeated([truths.count, 1])
        let boxes = box(of: shifts, axis: 1) + base
        return try loss(
          boxes / unit, values: target.boxTargets / unit, weight: target.boxWeights, averageFactor: factor)
      }
      losses.first.append(try part(outputs.extras[level], a, lossBboxInit, first.factor))
      losses.second.append(try part(outputs.extras[levels + level], b, lossBboxRefine, second.factor))
    }
    var terms = LossTerms()
    terms.set("loss_cls", levels: losses.cls)
    terms.set("loss_pts_init", levels: losses.first)
    terms.set("loss_pts_refine", levels: losses.second)
    return terms
  }
}
