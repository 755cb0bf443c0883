import Core
import PyConfig

/// The parts of a head with anchors, and how it is trained. Mirrors the arguments of mmdet's `AnchorHead`.
public struct AnchorHeadConfig: Sendable {
  public var classes, inChannels: Int
  public var featChannels: Int
  var anchorGenerator, boxCoder: Component
  var lossCls, lossBox: Component
  var decodesForLoss: Bool
  public var training: DenseTrainConfig?
  public var testing: DenseTestConfig?
  public var initialization: [InitConfig]

  init(
    classes: Int, inChannels: Int, featChannels: Int, anchorGenerator: Component, boxCoder: Component,
    lossCls: Component,
    lossBox: Component, decodesForLoss: Bool, training: DenseTrainConfig?, testing: DenseTestConfig?,
    initialization: [InitConfig]
  ) {
    (self.classes, self.inChannels, self.featChannels) = (classes, inChannels, featChannels)
    (self.anchorGenerator, self.boxCoder, self.lossCls, self.lossBox) = (
      anchorGenerator, boxCoder, lossCls, lossBox
    )
    (self.decodesForLoss, self.training, self.testing) = (decodesForLoss, training, testing)
    self.initialization = initialization
  }

  /// What a head has where its config does not say.
  struct Defaults {
    var featChannels = 256
    var anchorGenerator: ConfigNode = [
      "type": "AnchorGenerator", "scales": [8, 16, 32], "ratios": [0.5, 1.0, 2.0],
      "strides": [4, 8, 16, 32, 64],
    ]
    var boxCoder: ConfigNode = [
      "type": "DeltaXYWHBBoxCoder", "clip_border": true, "target_means": [0.0, 0.0, 0.0, 0.0],
      "target_stds": [1.0, 1.0, 1.0, 1.0],
    ]
    var lossCls: ConfigNode = ["type": "CrossEntropyLoss", "use_sigmoid": true, "loss_weight": 1.0]
    var lossBox: ConfigNode = ["type": "SmoothL1Loss", "beta": .init(.float(1.0 / 9)), "loss_weight": 1.0]
    var decodesForLoss = false
    var initialization = [InitConfig.normal(std: 0.01, layers: ["Conv2d"])]
  }

  init(from reader: inout ConfigReader, _ defaults: Defaults = Defaults(), classes fixed: Int? = nil) throws {
    classes = try fixed ?? reader.classes()
    inChannels = try reader.channels("in_channels")
    featChannels = try reader.channels("feat_channels", default: defaults.featChannels)
    anchorGenerator = try reader.component("anchor_generator", default: defaults.anchorGenerator)
    boxCoder = try reader.component("bbox_coder", default: defaults.boxCoder)
    lossCls = try reader.component("loss_cls", default: defaults.lossCls)
    lossBox = try reader.component("loss_bbox", default: defaults.lossBox)
    decodesForLoss = try reader.value("reg_decoded_bbox", default: defaults.decodesForLoss)
    training = try reader.optional("train_cfg")
    testing = try reader.optional("test_cfg")
    initialization = try reader.initialization(default: defaults.initialization)
  }
}

extension ConfigReader {
  mutating func classes() throws -> Int {
    let classes: Int = try value("num_classes")
    guard (1...1_000_000).contains(classes) else {
      throw invalid("must be in 1...1000000, found \(classes)", key: "num_classes")
    }
    return classes
  }

  mutating func channels(_ key: String, default standard: Int? = nil) throws -> Int {
    let channels: Int = try standard.map { try value(key, default: $0) } ?? value(key)
    guard (1...1_000_000).contains(channels) else {
      throw invalid("must be in 1...1000000, found \(channels)", key: key)
    }
    return channels
  }

  mutating func count(_ key: String, default standard: Int, in range: ClosedRange<Int> = 0...1000) throws
    -> Int
  {
    let count = try value(key, default: standard)
    guard range.contains(count) else {
      throw invalid("must be in \(range.lowerBound)...\(range.upperBound), found \(count)", key: key)
    }
    return count
  }
}

/// What a head with anchors consists of besides layers.
public struct AnchorHeadParts {
  let config: AnchorHeadConfig
  let generator: AnchorGenerator
  let boxCoder: any BoxCoder
  let lossCls, lossBox: any DetectionLoss
  let assigner: (any Assigner)?
  var sampler: any BoxSampler
  /// Whether only some anchors are trained on; then the loss is divided by their number.
  var samples: Bool

  init(_ config: AnchorHeadConfig, _ context: BuildContext) throws {
    self.config = config
    boxCoder = try config.boxCoder.build(context.registries.boxCoders, context)
    lossCls = try config.lossCls.build(context.registries.detectionLosses, context)
    lossBox = try config.lossBox.build(context.registries.detectionLosses, context)
    assigner = try config.training?.assigner?.build(context.registries.assigners, context)
    var samples = false
    var sampler: any BoxSampler = PseudoSampler()
    if let component = config.training?.sampler, component.typeName != "PseudoSampler",
      // Losses that look at all anchors overrule a sampler.
      !["FocalLoss", "GHMC", "QualityFocalLoss"].contains(config.lossCls.typeName)
    {
      sampler = try component.build(context.registries.boxSamplers, context)
      samples = true
    }
    (self.sampler, self.samples) = (sampler, samples)
    generator = try config.anchorGenerator.build(context.registries.anchorGenerators, context)
  }

  /// Whether classes are told apart by sigmoids: what the config of the loss says, not the loss's own default.
  var usesSigmoid: Bool { config.lossCls.flag("use_sigmoid") }
  var scoreChannels: Int { usesSigmoid ? config.classes : config.classes + 1 }
  /// Anchors at a position of the first level, which are as many on all levels in most heads.
  var priors: Int { generator.basePriors[0] }
}

/// A head that classifies and moves anchor boxes. Mirrors mmdet's `AnchorHead`.
///
/// Subclasses have the layers.
public class AnchorHead: BaseDenseHead {
  let lossCls: any DetectionLoss
  let lossBbox: any DetectionLoss
  /// A class, since the state dict lists the losses where the head has them, not where its parts do.
  private final class Holder {
    let parts: AnchorHeadParts

    init(_ parts: AnchorHeadParts) { self.parts = parts }
  }
  private let holder: Holder
  var parts: AnchorHeadParts { holder.parts }

  init(_ parts: AnchorHeadParts) {
    (lossCls, lossBbox, holder) = (parts.lossCls, parts.lossBox, Holder(parts))
    super.init(
      classes: parts.config.classes, usesSigmoid: parts.usesSigmoid, testing: parts.config.testing,
      initialization: parts.config.initialization)
  }

  public var generator: AnchorGenerator { parts.generator }
  override var inputChannels: [Int] { [parts.config.inChannels] }
  var boxCoder: any BoxCoder { parts.boxCoder }

  /// The settings of training.
  ///
  /// - Throws: `InvalidConfig` where the head was built without them.
  func requireTraining() throws -> DenseTrainConfig {
    guard let training = parts.config.training else {
      throw InvalidConfig("\(type(of: self)) has no train_cfg; it cannot be trained without one")
    }
    return training
  }

  public override func decode(level: Int, _ kept: [Int], _ codes: Tensor, sizes: [Pair], _ meta: ImageMeta)
    throws
    -> Boxes
  {
    let anchors = try generator.priors(kept, level: level, sizes: sizes)
    return Boxes(boxCoder.decode(anchors.tensor, codes, maxShape: meta.size))
  }

  /// All anchors, level by level.
  func levelAnchors(_ sizes: [Pair]) throws -> [Boxes] { try generator.priors(sizes: sizes) }

  // MARK: Training

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    let anchors = try levelAnchors(outputs.sizes)
    let targets = try targets(anchors, outputs.sizes, truths, metas)
    let positives = targets.reduce(0) { $0 + max($1.positiveCount, 1) }
    let negatives = targets.reduce(0) { $0 + max($1.negativeCount, 1) }
    let factor = Double(parts.samples ? positives + negatives : positives)
    var losses: (cls: [Tensor], box: [Tensor]) = ([], [])
    for (level, range) in levelRanges(anchors.map(\.count)).enumerated() {
      let target = LevelTargets(targets, range)
      let (cls, box) = try levelLosses(
        rows(outputs.scores[level], width: scoreChannels), rows(outputs.boxes[level], width: 4),
        anchors[level], target,
        factor: factor)
      losses.cls.append(cls)
      losses.box.append(box)
    }
    var terms = LossTerms()
    terms.set("loss_cls", levels: losses.cls)
    terms.set("loss_bbox", levels: losses.box)
    return terms
  }

  /// The losses of one level; rows are anchors of all pictures.
  func levelLosses(
    _ scores: Tensor, _ codes: Tensor, _ anchors: Boxes, _ target: LevelTargets, factor: Double
  ) throws
    -> (cls: Tensor, box: Tensor)
  {
    let cls = try lossCls(scores, labels: target.labels, weight: target.labelWeights, averageFactor: factor)
    let boxes =
      parts.config.decodesForLoss
      ? boxCoder.decode(anchors.tensor.repeated([codes.shape[0] / max(1, anchors.count), 1]), codes) : codes
    let box = try lossBbox(boxes, values: target.boxTargets, weight: target.boxWeights, averageFactor: factor)
    return (cls, box)
  }

  /// What the anchors of each picture should give.
  func targets(_ anchors: [Boxes], _ sizes: [Pair], _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> [AnchorTargets]
  {
    let training = try requireTraining()
    let counts = anchors.map(\.count)
    let all = Boxes(anchors.flatMap(\.values))
    return try zip(truths, metas).map { truth, meta in
      let valid = sizes.indices.flatMap {
        generator.validFlags(level: $0, size: sizes[$0], padShape: meta.padShape)
      }
      let inside = insideFlags(all, valid, meta.size, border: training.allowedBorder)
      guard inside.contains(true) else {
        throw InvalidConfig(
          "no anchor lies within the picture\(meta.filename.map { " \($0)" } ?? "") of \(meta.size.h)x\(meta.size.w) pixels; "
            + "raise train_cfg's allowed_border or use smaller anchors")
      }
      return try targets(all, inside, counts, truth, training)
    }
  }

  /// Assigns and samples the anchors within a picture.
  func sample(_ anchors: Boxes, _ truth: GroundTruth, counts: [Int]) throws -> (AssignResult, SamplingResult)
  {
    guard let assigner = parts.assigner as? any BoxAssigner else {
      throw InvalidConfig(
        parts.assigner == nil
          ? "train_cfg must have an assigner"
          : "\(type(of: self)) cannot work with \(parts.config.training?.assigner?.typeName ?? "this assigner")"
      )
    }
    let labels = parts.samples ? nil : trainingLabels(truth)
    let assigned = assigner.assign(anchors, truth.boxes, ignored: truth.ignoredBoxes, labels: labels)
    return (assigned, try parts.sampler.sample(assigned, anchors, truth.boxes))
  }

  /// Whether targets are the box coder's numbers, not boxes.
  var encodesTargets: Bool { !parts.config.decodesForLoss }

  /// Classes of objects; `nil` where all are of one, as in proposals.
  func trainingLabels(_ truth: GroundTruth) -> [Int]? { truth.labels }

  private func targets(
    _ all: Boxes, _ inside: [Bool], _ counts: [Int], _ truth: GroundTruth, _ training: DenseTrainConfig
  ) throws -> AnchorTargets {
    let places = inside.indices.filter { inside[$0] }
    let anchors = places.count == all.count ? all : all[places]
    let insideCounts = levelRanges(counts).map { range in inside[range].count { $0 } }
    let (_, sampling) = try sample(anchors, truth, counts: insideCounts)
    var targets = AnchorTargets(
      labels: [Int64](repeating: Int64(classes), count: all.count),
      labelWeights: [Float](repeating: 0, count: all.count),
      boxTargets: [Float](repeating: 0, count: 4 * all.count),
      boxWeights: [Float](repeating: 0, count: 4 * all.count),
      sampling: sampling)
    let labels = trainingLabels(truth)
    let codes =
      encodesTargets
      ? boxCoder.encode(sampling.posBoxes, sampling.posTruthBoxes) : sampling.posTruthBoxes.values
    for (index, anchor) in sampling.posIndices.enumerated() {
      let place = places[anchor]
      targets.labels[place] = Int64(labels.map { $0[sampling.posTruthIndices[index]] } ?? 0)
      targets.labelWeights[place] = training.positiveWeight <= 0 ? 1 : training.positiveWeight
      for side in 0..<4 {
        targets.boxTargets[4 * place + side] = codes[4 * index + side]
        targets.boxWeights[4 * place + side] = 1
      }
    }
    for anchor in sampling.negIndices { targets.labelWeights[places[anchor]] = 1 }
    return targets
  }
}
