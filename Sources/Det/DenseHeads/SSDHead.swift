import Core
import PyConfig

/// Classifies and moves anchors with one convolution a level, trained on the hardest background.
///
/// Liu et al., 2015 (<https://arxiv.org/abs/1512.02325>). Mirrors mmdet's `SSDHead`.
public final class SSDHead: AnchorHead {
  public struct Config: ConfigRecord, Sendable {
    var anchors: AnchorHeadConfig
    /// Of each level.
    var inChannels: [Int]
    var depth: Int
    var style: ConvStyle
    var isDepthwise: Bool

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.value("in_channels", default: [512, 1024, 512, 256, 256, 256])
      guard !inChannels.isEmpty, inChannels.allSatisfy({ (1...1_000_000).contains($0) }) else {
        throw reader.invalid("must be positive numbers, one a level", key: "in_channels")
      }
      depth = try reader.count("stacked_convs", default: 0)
      isDepthwise = try reader.value("use_depthwise", default: false)
      // Where act_cfg is missing there is no activation.
      style = try ConvStyle(from: &reader)
      let xavier = InitConfig(.xavier(gain: 1, .uniform), layers: ["Conv2d"])
      anchors = AnchorHeadConfig(
        classes: reader.has("num_classes") ? try reader.classes() : 80, inChannels: inChannels[0],
        featChannels: try reader.channels("feat_channels", default: 256),
        anchorGenerator: try reader.component(
          "anchor_generator",
          default: [
            "type": "SSDAnchorGenerator", "scale_major": false, "input_size": 300,
            "strides": [8, 16, 32, 64, 100, 300],
            "ratios": [[2], [2, 3], [2, 3], [2, 3], [2], [2]], "basesize_ratio_range": [0.1, 0.9],
          ]),
        boxCoder: try reader.component("bbox_coder", default: AnchorHeadConfig.Defaults().boxCoder),
        // The head's own losses; these hold no state.
        lossCls: Component(["type": "CrossEntropyLoss"], path: reader.path("loss_cls")),
        lossBox: Component(["type": "SmoothL1Loss"], path: reader.path("loss_bbox")),
        decodesForLoss: try reader.value("reg_decoded_bbox", default: false),
        training: try reader.optional("train_cfg"), testing: try reader.optional("test_cfg"),
        initialization: try reader.initialization(default: [xavier]))
    }
  }

  let clsConvs: ModuleList<Sequential>
  let regConvs: ModuleList<Sequential>
  private let channels: [Int]

  public init(_ config: Config, _ context: BuildContext) throws {
    let parts = try AnchorHeadParts(config.anchors, context).withoutSampling()
    let priors = parts.generator.basePriors
    guard priors.count == config.inChannels.count else {
      throw InvalidConfig(
        "in_channels must have an entry for each of the anchor generator's \(priors.count) levels, found \(config.inChannels.count)"
      )
    }
    try config.style.check(
      channels: config.inChannels + (config.depth > 0 ? [config.anchors.featChannels] : []))
    func branch(_ level: Int, _ channels: Int) -> Sequential {
      var layers: [any UnaryModule] = []
      var input = config.inChannels[level]
      for _ in 0..<config.depth {
        layers.append(
          config.style.make(
            input, config.anchors.featChannels, kernel: 3, padding: 1, isSeparable: config.isDepthwise))
        input = config.anchors.featChannels
      }
      if config.isDepthwise {
        layers.append(
          ConvModule(
            input, input, kernel: 3, padding: 1, groups: input, conv: config.style.conv,
            norm: config.style.norm,
            activation: config.style.activation))
      }
      layers.append(
        Conv2d(input, channels, kernel: config.isDepthwise ? 1 : 3, padding: config.isDepthwise ? 0 : 1))
      return Sequential(layers)
    }
    clsConvs = ModuleList(priors.indices.map { branch($0, priors[$0] * (config.anchors.classes + 1)) })
    regConvs = ModuleList(priors.indices.map { branch($0, priors[$0] * 4) })
    channels = config.inChannels
    super.init(parts)
  }

  override var inputChannels: [Int] { channels }

  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var outputs = DenseOutputs(scores: [], boxes: [])
    for (level, x) in features.prefix(clsConvs.count).enumerated() {
      outputs.scores.append(clsConvs[level](x))
      outputs.boxes.append(regConvs[level](x))
    }
    return outputs
  }

  /// One term for each picture, as the original has them.
  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    let training = try requireTraining()
    let anchors = try levelAnchors(outputs.sizes)
    let targets = try targets(anchors, outputs.sizes, truths, metas)
    let factor = Float(targets.reduce(0) { $0 + max($1.positiveCount, 1) })
    let all = Boxes(anchors.flatMap(\.values))
    var losses: (cls: [Tensor], box: [Tensor]) = ([], [])
    for (image, target) in targets.enumerated() {
      func flat(_ levels: [Tensor], _ width: Int) -> Tensor {
        Tensor.concatenate(levels.map { $0.selected(0, image).permuted([1, 2, 0]).reshaped([-1, width]) })
      }
      let cls =
        flat(outputs.scores, scoreChannels).crossEntropy(Tensor(target.labels), reduction: .none)
        * Tensor(target.labelWeights)
      let positives = target.labels.indices(where: { $0 >= 0 && $0 < classes })
      let negatives = target.labels.indices(where: { $0 == classes })
      let count = min(training.negativeRatio * positives.count, negatives.count)
      let background = cls.indexSelected(0, negatives)
      let hardest = count > 0 ? background.topK(count).values.sum() : background.sum() * 0
      losses.cls.append(((cls.indexSelected(0, positives).sum() + hardest) / factor).reshaped([1]))
      var boxes = flat(outputs.boxes, 4)
      if parts.config.decodesForLoss { boxes = boxCoder.decode(all.tensor, boxes) }
      let shape = boxes.shape
      let distance = boxes.smoothL1Loss(
        Tensor(target.boxTargets, shape: shape), beta: training.smoothL1Beta, reduction: .none)
      losses.box.append(
        (distance * Tensor(target.boxWeights, shape: shape)).sum() / (factor + Float.ulpOfOne))
    }
    var terms = LossTerms()
    terms.set("loss_cls", levels: losses.cls)
    terms.set("loss_bbox", levels: losses.box)
    return terms
  }
}
