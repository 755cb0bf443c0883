import Core
import PyConfig

/// A box head that finds each side of a box by itself, by buckets and offsets.
///
/// Wang et al., 2019, section 3 (<https://arxiv.org/abs/1912.04260>). Mirrors mmdet's `SABLHead`. Its `codes` hold the scores of
/// the four sides' buckets, then their offsets.
public final class SABLHead: BBoxHead {
  public struct Config: ConfigRecord, Sendable {
    public var classes, inChannels, regChannels, featureSize, upRatio: Int
    public var beforeKernel, afterKernel, beforeConvs, afterConvs: Int
    public var clsWidth, offsetWidth, bucketWidth, clsLayers, regLayers: Int
    public var norm: NormConfig?
    public var coder: BucketingCoder
    public var lossCls, lossBuckets, lossOffsets: Component
    public var initialization: [InitConfig]?
    var head: BoxHeadConfig

    public init(from reader: inout ConfigReader) throws {
      let range = 1...(1 << 20)
      classes = try reader.integer("num_classes", in: 1...1_000_000)
      inChannels = try reader.integer("cls_in_channels", default: 256, in: range)
      regChannels = try reader.integer("reg_in_channels", default: 256, in: range)
      featureSize = try reader.integer("roi_feat_size", default: 7, in: 1...1024)
      upRatio = try reader.integer("reg_feat_up_ratio", default: 2, in: 2...64)
      beforeKernel = try reader.integer("reg_pre_kernel", default: 3, in: 1...63)
      afterKernel = try reader.integer("reg_post_kernel", default: 3, in: 1...63)
      beforeConvs = try reader.integer("reg_pre_num", default: 2, in: 0...100)
      afterConvs = try reader.integer("reg_post_num", default: 1, in: 0...100)
      clsWidth = try reader.integer("cls_out_channels", default: 1024, in: range)
      offsetWidth = try reader.integer("reg_offset_out_channels", default: 256, in: range)
      bucketWidth = try reader.integer("reg_cls_out_channels", default: 256, in: range)
      clsLayers = try reader.integer("num_cls_fcs", default: 1, in: 1...100)
      regLayers = try reader.integer("num_reg_fcs", default: 0, in: 0...100)
      guard try reader.value("reg_class_agnostic", default: true) else {
        throw reader.invalid("must be True", key: "reg_class_agnostic")
      }
      norm = try reader.optional("norm_cfg")
      let component = try reader.component(
        "bbox_coder", default: ["type": "BucketingBBoxCoder", "num_buckets": 14, "scale_factor": 1.7])
      coder = try BucketingCoder(from: component.node, at: component.path)
      guard featureSize * upRatio == coder.buckets else {
        throw reader.invalid(
          "roi_feat_size times reg_feat_up_ratio must be bbox_coder.num_buckets, \(coder.buckets)")
      }
      guard regLayers > 0 || (bucketWidth == regChannels && offsetWidth == regChannels) else {
        throw reader.invalid(
          "reg_cls_out_channels and reg_offset_out_channels must be reg_in_channels without num_reg_fcs")
      }
      lossCls = try reader.component(
        "loss_cls", default: ["type": "CrossEntropyLoss", "use_sigmoid": false, "loss_weight": 1.0])
      lossBuckets = try reader.component(
        "loss_bbox_cls", default: ["type": "CrossEntropyLoss", "use_sigmoid": true, "loss_weight": 1.0])
      lossOffsets = try reader.component(
        "loss_bbox_reg", default: ["type": "SmoothL1Loss", "beta": 0.1, "loss_weight": 1.0])
      initialization = nil
      if let node = reader.node("init_cfg"), !node.isNone {
        initialization = try OneOrMany<InitConfig>(from: node, at: reader.path("init_cfg")).elements
      }
      var plain = try ConfigReader(
        ["num_classes": .init(.int(classes)), "in_channels": .init(.int(inChannels))], path: reader.path)
      head = try BoxHeadConfig(from: &plain)
      head.isClassAgnostic = true
      let (norm, channels) = (norm, regChannels)
      try reader.checked { try norm?.check(channels: [channels]) }
    }
  }

  let lossBboxCls: any DetectionLoss
  let clsFcs: ModuleList<Linear>
  let upsampleX, upsampleY: LineUpsample
  let regPreConvs, regPostConvXs, regPostConvYs: ModuleList<ConvModule>
  let regConvAttX, regConvAttY: Conv2d
  let regClsFcs, regOffsetFcs: ModuleList<Linear>
  let fcRegCls, fcRegOffset: Linear
  private let parts: Config

  public init(_ config: Config, _ context: BuildContext) throws {
    parts = config
    let channels = config.regChannels, style = ConvStyle(norm: config.norm, activation: .relu)
    func layers(_ count: Int, _ inputs: Int, _ width: Int) -> ModuleList<Linear> {
      ModuleList((0..<count).map { Linear($0 == 0 ? inputs : width, width) })
    }
    func convs(_ count: Int, _ kernel: Pair) -> ModuleList<ConvModule> {
      ModuleList(
        (0..<count).map { _ in
          style.make(channels, channels, kernel: kernel, padding: Pair(h: kernel.h / 2, w: kernel.w / 2))
        })
    }
    clsFcs = layers(
      config.clsLayers, config.inChannels * config.featureSize * config.featureSize, config.clsWidth)
    upsampleX = LineUpsample(channels, config.upRatio)
    upsampleY = LineUpsample(channels, config.upRatio)
    regPreConvs = convs(config.beforeConvs, Pair(config.beforeKernel))
    regPostConvXs = convs(config.afterConvs, Pair(h: 1, w: config.afterKernel))
    regPostConvYs = convs(config.afterConvs, Pair(h: config.afterKernel, w: 1))
    regConvAttX = Conv2d(channels, 1, kernel: 1)
    regConvAttY = Conv2d(channels, 1, kernel: 1)
    regClsFcs = layers(config.regLayers, channels, config.bucketWidth)
    regOffsetFcs = layers(config.regLayers, channels, config.offsetWidth)
    fcRegCls = Linear(config.bucketWidth, 1)
    fcRegOffset = Linear(config.offsetWidth, 1)
    let losses = context.registries.detectionLosses
    lossBboxCls = try config.lossBuckets.build(losses, context)
    let small = InitConfig(.normal(mean: 0, std: 0.01)), xavier = InitConfig.Rule.xavier(gain: 1, .uniform)
    let he = InitConfig(.kaiming(a: 0, .fanOut, .relu, .normal))
    super.init(
      layersOf: config.head, lossCls: try config.lossCls.build(losses, context),
      lossBox: try config.lossOffsets.build(losses, context), boxCoder: DeltaXYWHBBoxCoder(),
      fcCls: Linear(config.clsWidth, config.classes + 1),
      rules: config.initialization ?? [
        InitConfig(
          xavier, layers: ["Linear"],
          overrides: [
            ("reg_conv_att_x", small), ("reg_conv_att_y", small), ("fc_reg_cls", small), ("fc_cls", small),
            ("fc_reg_offset", InitConfig(.normal(mean: 0, std: 0.001))),
          ]), InitConfig(he.rule, overrides: [("upsample_x", he), ("upsample_y", he)]),
      ])
  }

  public override var listsChildren: Bool { true }
  public override var listedChildren: [(key: String, module: Module)] {
    var children: [(key: String, module: Module)] = [
      ("loss_cls", lossCls), ("loss_bbox_cls", lossBboxCls), ("loss_bbox_reg", lossBbox), ("cls_fcs", clsFcs),
      ("upsample_x", upsampleX), ("upsample_y", upsampleY), ("reg_pre_convs", regPreConvs),
      ("reg_post_conv_xs", regPostConvXs), ("reg_post_conv_ys", regPostConvYs),
      ("reg_conv_att_x", regConvAttX),
      ("reg_conv_att_y", regConvAttY),
    ]
    if let fcCls { children.append(("fc_cls", fcCls)) }
    return children + [
      ("reg_cls_fcs", regClsFcs), ("reg_offset_fcs", regOffsetFcs), ("fc_reg_cls", fcRegCls),
      ("fc_reg_offset", fcRegOffset),
    ]
  }

  public override func callAsFunction(_ x: Tensor) -> BoxOutputs {
    var flat = x.flattened(from: 1)
    for layer in clsFcs { flat = layer(flat).relu() }
    let (columns, rows) = sideFeatures(x)
    let (xs, ys) = (estimates(columns), estimates(rows))
    return BoxOutputs(
      scores: fcCls.map { $0(flat) },
      codes: Tensor.concatenate([xs.buckets, ys.buckets, xs.offsets, ys.offsets], axis: 1))
  }

  /// Features along the width and along the height, `[regions, buckets, channels]`, by attention over the other axis.
  private func sideFeatures(_ x: Tensor) -> (columns: Tensor, rows: Tensor) {
    var x = x
    for conv in regPreConvs { x = conv(x) }
    func pooled(_ attention: Conv2d, over axis: Int) -> Tensor {
      let weights = attention(x).sigmoid()
      return (x * (weights / weights.sum([axis], keepingAxes: true))).sum([axis], keepingAxes: true)
    }
    var columns = pooled(regConvAttX, over: 2), rows = pooled(regConvAttY, over: 3)
    for conv in regPostConvXs { columns = conv(columns) }
    for conv in regPostConvYs { rows = conv(rows) }
    func line(_ x: Tensor) -> Tensor {
      x.permuted([0, 2, 3, 1]).reshaped([x.shape[0], x.shape[2] * x.shape[3], x.shape[1]])
    }
    return (upsampleX(line(columns)).relu(), upsampleY(line(rows)).relu())
  }

  /// Scores and offsets of the buckets from one side and then from the other.
  private func estimates(_ x: Tensor) -> (buckets: Tensor, offsets: Tensor) {
    func estimate(_ layers: ModuleList<Linear>, _ last: Linear) -> Tensor {
      var y = x
      for layer in layers { y = layer(y).relu() }
      let line = last(y).reshaped([x.shape[0], x.shape[1]]), count = x.shape[1]
      return Tensor.concatenate(
        [line.sliced(1, 0..<(count + 1) / 2), line.sliced(1, count / 2..<count).flipped([1])], axis: 1)
    }
    return (estimate(regClsFcs, fcRegCls), estimate(regOffsetFcs, fcRegOffset))
  }

  private func decode(_ outputs: BoxOutputs, _ rois: RoIs, _ meta: ImageMeta) throws -> (
    boxes: Boxes, confidences: [Float]
  ) {
    guard let codes = outputs.codes else { throw InvalidConfig("SABLHead: no estimates of sides") }
    let width = 4 * parts.coder.sideBuckets
    return parts.coder.decode(
      rois.boxes, codes.sliced(1, 0..<width), codes.sliced(1, width..<2 * width), maxShape: meta.size)
  }

  override func boxes(_ outputs: BoxOutputs, _ rois: RoIs, _ meta: ImageMeta, rescale: Bool) throws
    -> ScoredBoxes
  {
    guard let scores = outputs.scores else { throw InvalidConfig("SABLHead: no scores") }
    let (boxes, confidences) = try decode(outputs, rois, meta)
    let scaled = rescale ? boxes.divided(by: meta.scaleFactor) : boxes
    return ScoredBoxes(boxes: scaled.tensor, scores: scores.softmax(1), factors: confidences)
  }

  override func regressed(_ outputs: BoxOutputs, _ rois: RoIs, labels: [Int], _ meta: ImageMeta) throws
    -> Boxes
  {
    try decode(outputs, rois, meta).boxes
  }

  override func targets(_ samples: [SamplingResult], _ training: RCNNTrainConfig) throws -> BoxTargets {
    var targets = BoxTargets()
    let width = 4 * parts.coder.sideBuckets
    for sample in samples {
      let (positives, negatives) = (sample.posBoxes.count, sample.negBoxes.count)
      guard let labels = sample.posLabels ?? (positives == 0 ? [] : nil),
        labels.allSatisfy({ (0..<classes).contains($0) })
      else {
        throw InvalidConfig(
          "classes of objects must be collected, and below bbox_head.num_classes, \(classes)")
      }
      let codes = parts.coder.encode(sample.posBoxes, sample.posTruthBoxes)
      let none = [Float](repeating: 0, count: width * negatives)
      targets.labels += labels.map(Int64.init) + Array(repeating: Int64(classes), count: negatives)
      targets.labelWeights += Array(repeating: 1, count: positives + negatives)
      targets.boxes += codes.offsets + none
      targets.boxWeights += codes.offsetWeights + none
      targets.buckets += codes.labels + none
      targets.bucketWeights += codes.labelWeights + none
    }
    return targets
  }

  override func losses(_ outputs: BoxOutputs, _ rois: RoIs, _ targets: BoxTargets) throws -> LossTerms {
    var terms = LossTerms()
    if let scores = outputs.scores, scores.count > 0 { try classify(scores, targets, &terms) }
    guard let codes = outputs.codes, targets.count > 0 else { return terms }
    let (n, side) = (targets.count, parts.coder.sideBuckets)
    func table(_ values: [Float]) -> Tensor { Tensor(values, shape: [4 * n, side]) }
    terms["loss_bbox_cls"] = try lossBboxCls(
      codes.sliced(1, 0..<4 * side).reshaped([4 * n, side]), values: table(targets.buckets),
      weight: table(targets.bucketWeights), averageFactor: Double(4 * n))
    terms["loss_bbox_reg"] = try lossBbox(
      codes.sliced(1, 4 * side..<8 * side).reshaped([4 * n, side]), values: table(targets.boxes),
      weight: table(targets.boxWeights), averageFactor: Double(n))
    return terms
  }
}

/// Makes lines of features longer: `torch.nn.ConvTranspose1d` with a kernel as long as its stride.
///
/// - Input: `[N, length, channels]`
/// - Output: `[N, factor · length, channels]`
final class LineUpsample: Module, UnaryModule {
  /// `[channels, channels, factor]`
  let weight: Parameter
  /// `[channels]`
  let bias: Parameter

  init(_ channels: Int, _ factor: Int) {
    weight = Parameter(.zeros([channels, channels, factor]))
    bias = Parameter(.zeros([channels]))
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let (channels, factor) = (weight.shape[0], weight.shape[2])
    // Each position becomes `factor` of them, each by a matrix of its own.
    let matrix = weight.value.permuted([0, 2, 1]).reshaped([channels, factor * channels])
    return x.matmul(matrix).reshaped([x.shape[0], x.shape[1] * factor, channels]) + bias.value
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    Init.linearDefault(weight, bias: bias, using: &generator)
  }
}
