import Core
import PyConfig

/// Boxes, objectness and classes of anchors of three levels.
///
/// Redmon and Farhadi, 2018 (<https://arxiv.org/abs/1804.02767>). Mirrors mmdet's `YOLOV3Head`.
public final class YOLOV3Head: BaseDenseHead {
  public struct Config: ConfigRecord, Sendable {
    var classes: Int
    var inChannels, outChannels: [Int]
    var strides: [Int]
    var anchorGenerator, boxCoder: Component
    /// How much of the target goes to all classes alike.
    var smoothing: Float
    var style: ConvStyle
    var lossCls, lossConf, lossXY, lossWH: Component
    var training: DenseTrainConfig?
    var testing: DenseTestConfig?
    var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      classes = try reader.classes()
      inChannels = try reader.value("in_channels")
      outChannels = try reader.value("out_channels", default: [1024, 512, 256])
      strides = try reader.value("featmap_strides", default: [32, 16, 8])
      guard inChannels.count == outChannels.count, inChannels.count == strides.count, !strides.isEmpty,
        (inChannels + outChannels + strides).allSatisfy({ (1...1_000_000).contains($0) })
      else {
        throw reader.invalid("in_channels, out_channels and featmap_strides must be as many positive numbers")
      }
      anchorGenerator = try reader.component(
        "anchor_generator",
        default: [
          "type": "YOLOAnchorGenerator",
          "base_sizes": [
            [[116, 90], [156, 198], [373, 326]], [[30, 61], [62, 45], [59, 119]],
            [[10, 13], [16, 30], [33, 23]],
          ], "strides": [32, 16, 8],
        ])
      boxCoder = try reader.component("bbox_coder", default: ["type": "YOLOBBoxCoder"])
      smoothing = try reader.value("one_hot_smoother", default: 0)
      style = try ConvStyle(from: &reader, norm: .batchNorm, activation: .function(.leakyReLU(slope: 0.1)))
      let entropy: ConfigNode = ["type": "CrossEntropyLoss", "use_sigmoid": true, "loss_weight": 1.0]
      lossCls = try reader.component("loss_cls", default: entropy)
      lossConf = try reader.component("loss_conf", default: entropy)
      lossXY = try reader.component("loss_xy", default: entropy)
      lossWH = try reader.component("loss_wh", default: ["type": "MSELoss", "loss_weight": 1.0])
      training = try reader.optional("train_cfg")
      testing = try reader.optional("test_cfg")
      initialization = try reader.initialization(default: [])
    }
  }

  let lossCls, lossConf, lossXY, lossWH: any DetectionLoss
  let convsBridge: ModuleList<ConvModule>
  let convsPred: ModuleList<Conv2d>
  private let settings: Config
  private let generator: AnchorGenerator
  private let boxCoder: YOLOBBoxCoder
  private let assigner: (any Assigner)?
  private let sampler: any BoxSampler

  public init(_ config: Config, _ context: BuildContext) throws {
    settings = config
    func loss(_ component: Component) throws -> any DetectionLoss {
      try component.build(context.registries.detectionLosses, context)
    }
    (lossCls, lossConf) = (try loss(config.lossCls), try loss(config.lossConf))
    (lossXY, lossWH) = (try loss(config.lossXY), try loss(config.lossWH))
    generator = try config.anchorGenerator.build(context.registries.anchorGenerators, context)
    guard generator.levels == config.strides.count, Set(generator.basePriors).count == 1 else {
      throw InvalidConfig(
        "anchor_generator must have as many anchors for each of \(config.strides.count) featmap_strides")
    }
    guard let coder = try config.boxCoder.build(context.registries.boxCoders, context) as? YOLOBBoxCoder
    else {
      throw InvalidConfig("bbox_coder must be a YOLOBBoxCoder, found \(config.boxCoder.typeName ?? "none")")
    }
    boxCoder = coder
    assigner = try config.training?.assigner?.build(context.registries.assigners, context)
    sampler = try config.training?.sampler?.build(context.registries.boxSamplers, context) ?? PseudoSampler()
    try config.style.check(channels: config.outChannels)
    convsBridge = ModuleList(
      zip(config.inChannels, config.outChannels).map { config.style.make($0, $1, kernel: 3, padding: 1) })
    let (priors, width) = (generator.basePriors[0], 5 + config.classes)
    convsPred = ModuleList(config.outChannels.map { Conv2d($0, priors * width, kernel: 1) })
    super.init(
      classes: config.classes, usesSigmoid: true, testing: config.testing,
      initialization: config.initialization)
  }

  /// Numbers of an anchor: place, sides, objectness, classes.
  private var width: Int { 5 + classes }

  public override func applyInitialization(using generator: inout RandomGenerator) {
    // The original looks at no init_cfg here.
    forEachModule { _, layer in
      if let conv = layer as? Conv2d {
        Init.normal(conv.weight, standardDeviation: 0.01, using: &generator)
        if let bias = conv.bias { Init.constant(bias, 0) }
      }
      (layer as? any NormLayer)?.resetAffine()
    }
    for (conv, stride) in zip(convsPred, settings.strides) {
      guard let bias = conv.bias else { continue }
      let cells = 608 / Double(stride)
      var values = bias.value.floats
      for at in values.indices where at % width >= 4 {
        values[at] = Float(
          Init.bias(forProbability: at % width == 4 ? min(8 / (cells * cells), 0.999) : 0.01))
      }
      bias.assign(Tensor(values))
    }
  }

  override var inputChannels: [Int] { settings.inChannels }

  /// One map a level, which stands for scores and boxes.
  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    let maps = zip(features, zip(convsBridge, convsPred)).map { x, layers in layers.1(layers.0(x)) }
    return DenseOutputs(scores: maps, boxes: maps)
  }

  // MARK: Detections

  override func candidates(_ outputs: DenseOutputs, image: Int, _ meta: ImageMeta, _ config: DenseTestConfig)
    throws
    -> Candidates
  {
    let anchors = try generator.priors(sizes: outputs.sizes)
    var found = Candidates()
    for (level, map) in outputs.scores.enumerated() {
      let table = rows(map, image, width: width)
      let objectness = table.selected(1, 4).sigmoid().floats
      let kept =
        config.confidenceThreshold > 0
        ? objectness.indices.filter { objectness[$0] >= config.confidenceThreshold }
        : Array(objectness.indices)
      if kept.isEmpty { continue }
      let own = table.indexSelected(0, kept)
      let codes = Tensor.concatenate([own.sliced(1, 0..<2).sigmoid(), own.sliced(1, 2..<4)], axis: 1)
      let boxes = Boxes(
        boxCoder.decode(anchors[level][kept].tensor, codes, stride: Float(settings.strides[level])))
      let scores = own.sliced(1, 5..<width).sigmoid().floats
      for (index, prior) in kept.enumerated() {
        for label in 0..<classes where scores[index * classes + label] > config.scoreThreshold {
          found.boxes.append(boxes[index])
          found.scores.append(scores[index * classes + label])
          found.factors.append(objectness[prior])
          found.labels.append(label)
        }
      }
    }
    return found
  }

  // MARK: Training

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    guard let assigner = assigner as? GridAssigner else {
      throw InvalidConfig(
        "YOLOV3Head needs a GridAssigner in train_cfg, found \(settings.training?.assigner?.typeName ?? "none")"
      )
    }
    let anchors = try generator.priors(sizes: outputs.sizes)
    let images = try truths.map { try targets(anchors, outputs.sizes, $0, assigner) }
    var losses: (cls: [Tensor], conf: [Tensor], xy: [Tensor], wh: [Tensor]) = ([], [], [], [])
    for (level, range) in levelRanges(anchors.map(\.count)).enumerated() {
      let count = truths.count * range.count
      let map = rows(outputs.scores[level], width: width)
      let target = Tensor(
        images.flatMap { $0.maps[(range.lowerBound * width)..<(range.upperBound * width)] },
        shape: [count, width])
      let negative = Tensor(images.flatMap { $0.negatives[range] })
      let positive = target.selected(1, 4)
      let mask = positive.unsqueezed(1)
      losses.cls.append(
        try lossCls(map.sliced(1, 5..<width), values: target.sliced(1, 5..<width), weight: mask))
      losses.conf.append(
        try lossConf(
          map.selected(1, 4), values: positive, weight: (negative + positive).clamped(min: 0, max: 1)))
      losses.xy.append(try lossXY(map.sliced(1, 0..<2), values: target.sliced(1, 0..<2), weight: mask))
      losses.wh.append(try lossWH(map.sliced(1, 2..<4), values: target.sliced(1, 2..<4), weight: mask))
    }
    var terms = LossTerms()
    terms.set("loss_cls", levels: losses.cls)
    terms.set("loss_conf", levels: losses.conf)
    terms.set("loss_xy", levels: losses.xy)
    terms.set("loss_wh", levels: losses.wh)
    return terms
  }

  /// What the anchors of a picture should give, and 1 for those that are background.
  private func targets(_ anchors: [Boxes], _ sizes: [Pair], _ truth: GroundTruth, _ assigner: GridAssigner)
    throws -> (
      maps: [Float], negatives: [Float]
    )
  {
    let all = Boxes(anchors.flatMap(\.values))
    let responsible = sizes.indices.flatMap { responsibleFlags(level: $0, sizes[$0], truth.boxes) }
    let strides = anchors.indices.flatMap {
      [Float](repeating: Float(settings.strides[$0]), count: anchors[$0].count)
    }
    let assigned = assigner.assign(all, responsible: responsible, truth.boxes)
    let sampling = try sampler.sample(assigned, all, truth.boxes)
    let codes = boxCoder.encode(
      sampling.posBoxes, sampling.posTruthBoxes, strides: sampling.posIndices.map { strides[$0] })
    var maps = [Float](repeating: 0, count: all.count * width)
    var negatives = [Float](repeating: 0, count: all.count)
    for (index, prior) in sampling.posIndices.enumerated() {
      let start = prior * width
      for side in 0..<4 { maps[start + side] = codes[4 * index + side] }
      maps[start + 4] = 1
      for label in 0..<classes { maps[start + 5 + label] = settings.smoothing / Float(classes) }
      maps[start + 5 + truth.labels[sampling.posTruthIndices[index]]] += 1 - settings.smoothing
    }
    for prior in sampling.negIndices { negatives[prior] = 1 }
    return (maps, negatives)
  }

  /// Which anchors are of cells that hold the centre of an object; centres beyond the map count for no cell.
  private func responsibleFlags(level: Int, _ size: Pair, _ truths: Boxes) -> [Bool] {
    let (stride, count) = (generator.strides[level], generator.basePriors[level])
    var cells = [Bool](repeating: false, count: size.h * size.w)
    for box in truths {
      let x = ((box.x1 + box.x2) * 0.5 / Float(stride.w)).rounded(.down)
      let y = ((box.y1 + box.y2) * 0.5 / Float(stride.h)).rounded(.down)
      // A cell is found by its number alone, as in the original: a centre right of the map falls into the next row.
      let cell = y * Float(size.w) + x
      if cell.isFinite, cell >= 0, cell < Float(cells.count) { cells[Int(cell)] = true }
    }
    return cells.flatMap { [Bool](repeating: $0, count: count) }
  }
}
