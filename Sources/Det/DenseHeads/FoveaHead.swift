import Core
import PyConfig

/// Points in the middle of objects tell, on the level of the object's size, the logarithms of distances to its sides.
///
/// Kong et al., 2019 (<https://arxiv.org/abs/1904.03797>). Mirrors mmdet's `FoveaHead`.
public final class FoveaHead: AnchorFreeHead {
  public struct Config: ConfigRecord, Sendable {
    var base: AnchorFreeConfig
    /// The unit of distances on each level.
    var edges: [Float]
    /// Sizes of objects of each level.
    var ranges: [ClosedRange<Float>]
    var sigma: Float
    var isDeformable: Bool
    var deformGroups: Int

    public init(from reader: inout ConfigReader) throws {
      edges = try reader.value("base_edge_list", default: [16, 32, 64, 128, 256])
      let standard: [[Float]] = [[8, 32], [16, 64], [32, 128], [64, 256], [128, 512]]
      let pairs = try reader.value("scale_ranges", default: standard)
      guard pairs.allSatisfy({ $0.count == 2 && $0[0] <= $0[1] }) else {
        throw reader.invalid("must be pairs, the lower number first", key: "scale_ranges")
      }
      ranges = pairs.map { $0[0]...$0[1] }
      sigma = try reader.value("sigma", default: 0.4)
      isDeformable = try reader.value("with_deform", default: false)
      deformGroups = try reader.count("deform_groups", default: 4, in: 1...4096)
      base = try AnchorFreeConfig(from: &reader)
      guard edges.count == base.strides.count, ranges.count == base.strides.count,
        edges.allSatisfy({ $0 > 0 })
      else {
        throw reader.invalid(
          "base_edge_list and scale_ranges must have an entry for each of \(base.strides.count) strides")
      }
      guard base.featChannels % deformGroups == 0 || !isDeformable else {
        throw reader.invalid("must divide feat_channels, found \(deformGroups)", key: "deform_groups")
      }
    }
  }

  let regConvs: ModuleList<ConvModule>
  let convReg: Conv2d
  let clsConvs: ModuleList<ConvModule>
  let featureAdaption: FeatureAlign?
  let convCls: Conv2d
  private let settings: Config

  public init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    let width = base.featChannels
    try base.stack.check(width)
    regConvs = base.makeStack()
    convReg = Conv2d(width, 4, kernel: 3, padding: 1)
    if config.isDeformable {
      try base.stack.norm?.check(channels: [4 * width])
      let bias = base.stack.norm == nil
      clsConvs = ModuleList([
        ConvModule(
          width, 4 * width, kernel: 3, padding: 1, bias: bias, conv: base.stack.conv, norm: base.stack.norm),
        ConvModule(4 * width, 4 * width, kernel: 1, bias: bias, conv: base.stack.conv, norm: base.stack.norm),
      ])
      featureAdaption = FeatureAlign(width, width, deformGroups: config.deformGroups)
    } else {
      clsConvs = base.makeStack()
      featureAdaption = nil
    }
    convCls = Conv2d(config.isDeformable ? 4 * width : width, Self.scoreChannels(base), kernel: 3, padding: 1)
    settings = config
    try super.init(base, context)
  }

  public override func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    featureAdaption?.applyInitialization(using: &generator)
    if let moves = featureAdaption?.convOffset { Init.constant(moves.weight, 0) }
  }

  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var outputs = DenseOutputs(scores: [], boxes: [])
    for x in features.prefix(config.strides.count) {
      let boxes = convReg(regConvs(x))
      outputs.scores.append(convCls(clsConvs(featureAdaption.map { $0(x, boxes.exp()) } ?? x)))
      outputs.boxes.append(boxes)
    }
    return outputs
  }

  public override func decode(level: Int, _ kept: [Int], _ codes: Tensor, sizes: [Pair], _ meta: ImageMeta)
    throws
    -> Boxes
  {
    let at = AnchorFreeHead.pick(try points.points(sizes: sizes)[level], kept)
    let distances = codes.exp() * settings.edges[level]
    let boxes = Tensor.concatenate(
      [at - distances.sliced(1, 0..<2), at + distances.sliced(1, 2..<4)], axis: 1)
    return Boxes(boxes.clipped(to: Pair(h: meta.size.h - 1, w: meta.size.w - 1)))
  }

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    let levels = try points.points(sizes: outputs.sizes)
    var (labels, codes): ([Int64], [Float]) = ([], [])
    for level in levels.indices {
      for truth in truths {
        let target = targets(level, outputs.sizes[level], levels[level], truth)
        labels += target.labels
        codes += target.codes
      }
    }
    let scores = Tensor.concatenate(outputs.scores.map { rows($0, width: scoreChannels) })
    let boxes = Tensor.concatenate(outputs.boxes.map { rows($0, width: 4) })
    let positives = labels.indices(where: { $0 >= 0 && $0 < classes })
    var terms = LossTerms()
    terms["loss_cls"] = try lossCls(
      scores, labels: Tensor(labels), averageFactor: Double(positives.count + truths.count))
    if positives.isEmpty {
      terms["loss_bbox"] = Tensor(Float(0))
    } else {
      let wanted = Tensor(codes, shape: [labels.count, 4]).indexSelected(0, positives)
      terms["loss_bbox"] = try lossBbox(
        boxes.indexSelected(0, positives), values: wanted, weight: .ones(wanted.shape),
        averageFactor: Double(positives.count))
    }
    return terms
  }

  /// Classes of the points of a level and logarithms of distances; small objects are drawn over large ones.
  private func targets(_ level: Int, _ size: Pair, _ points: [Float], _ truth: GroundTruth) -> (
    labels: [Int64], codes: [Float]
  ) {
    var labels = [Int64](repeating: Int64(classes), count: size.h * size.w)
    var ratios = [Float](repeating: 1, count: 4 * labels.count)
    let sides = truth.boxes.map { $0.area.squareRoot() }
    let hits = sides.indices.filter { settings.ranges[level].contains(sides[$0]) }
    // Largest first; what the original sorts are negated sides, ascending.
    let order = smallestIndices(hits.map { -sides[$0] }, hits.count).map { hits[$0] }
    let (stride, edge) = (Float(config.strides[level].w), settings.edges[level])
    for object in order {
      let box = truth.boxes[object]
      let (left, top) = (box.x1 / stride, box.y1 / stride)
      let halfWidth = 0.5 * (box.x2 / stride - left)
      let halfHeight = 0.5 * (box.y2 / stride - top)
      func cell(_ value: Float, _ count: Int) -> Int {
        value.isFinite ? Int(min(max(value, 0), Float(count - 1))) : 0
      }
      let (low, high) = (1 - settings.sigma, 1 + settings.sigma)
      let x1 = cell((left + low * halfWidth - 0.5).rounded(.up), size.w)
      let x2 = cell((left + high * halfWidth - 0.5).rounded(.down), size.w)
      let y1 = cell((top + low * halfHeight - 0.5).rounded(.up), size.h)
      let y2 = cell((top + high * halfHeight - 0.5).rounded(.down), size.h)
      guard x1 <= x2, y1 <= y2 else { continue }
      for row in y1...y2 {
        for column in x1...x2 {
          let at = row * size.w + column
          let (x, y) = (points[2 * at], points[2 * at + 1])
          labels[at] = Int64(truth.labels[object])
          ratios[4 * at] = (x - box.x1) / edge
          ratios[4 * at + 1] = (y - box.y1) / edge
          ratios[4 * at + 2] = (box.x2 - x) / edge
          ratios[4 * at + 3] = (box.y2 - y) / edge
        }
      }
    }
    let codes = withoutGradient { Tensor(ratios).clamped(min: 1.0 / 16, max: 16).log().floats }
    return (labels, codes)
  }
}

/// A deformable convolution whose points move with the predicted box. Mirrors the layer of mmdet's `FoveaHead`.
final class FeatureAlign: Module, ConfiguredModule {
  let convOffset: Conv2d
  let convAdaption: DeformConv2d
  let initialization = [
    InitConfig(
      .normal(mean: 0, std: 0.1), layers: ["Conv2d"],
      overrides: [("conv_adaption", InitConfig(.normal(mean: 0, std: 0.01)))])
  ]

  init(_ inChannels: Int, _ outChannels: Int, deformGroups: Int) {
    convOffset = Conv2d(4, deformGroups * 18, kernel: 1, bias: false)
    convAdaption = DeformConv2d(inChannels, outChannels, kernel: 3, padding: 1, deformGroups: deformGroups)
  }

  func callAsFunction(_ x: Tensor, _ box: Tensor) -> Tensor { convAdaption(x, convOffset(box)).relu() }
}
