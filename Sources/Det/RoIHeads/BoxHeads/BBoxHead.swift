import Core
import PyConfig

/// What a box head says of regions, one a row.
public struct BoxOutputs {
  /// Scores of the classes and, last, of the background; `nil` where the head does not classify.
  public var scores: Tensor?
  /// Numbers for the box coder, four a class or four in all; `nil` where the head does not move boxes.
  public var codes: Tensor?

  public init(scores: Tensor?, codes: Tensor?) { (self.scores, self.codes) = (scores, codes) }

  public subscript(rows: Range<Int>) -> BoxOutputs {
    BoxOutputs(scores: scores?.sliced(0, rows), codes: codes?.sliced(0, rows))
  }
}

/// Boxes with a score for each class.
public struct ScoredBoxes {
  /// `[n, 4]` or `[n, 4 · classes]`
  public var boxes: Tensor
  /// `[n, classes + 1]`, the background last.
  public var scores: Tensor
  /// By which scores are multiplied, where the head knows how sure boxes are.
  public var factors: [Float]?

  /// The detections that remain after suppression.
  func detections(_ config: RCNNTestConfig) -> Detections {
    suppressByClass(
      boxes, scores, threshold: config.scoreThreshold, config.suppression, limit: config.limit,
      factors: factors
    ).detections
  }
}

/// Classifies regions and moves their boxes, by one fully connected layer each.
///
/// Mirrors mmdet's `BBoxHead`.
///
/// - Input: `[regions, inChannels, featureSize.h, featureSize.w]`
public class BBoxHead: Module, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var head: BoxHeadConfig
    public init(from reader: inout ConfigReader) throws { head = try BoxHeadConfig(from: &reader) }
  }

  let lossCls: any DetectionLoss
  let lossBbox: any DetectionLoss
  let fcCls: (any UnaryModule)?
  let fcReg: (any UnaryModule)?
  public let config: BoxHeadConfig
  let boxCoder: any BoxCoder
  public let initialization: [InitConfig]

  /// - Parameters:
  ///   - features: inputs of the layers that classify and that move boxes.
  ///   - standardRules: the head's own rules of initialisation besides those of the two layers.
  init(
    _ config: BoxHeadConfig, _ context: BuildContext, features: (cls: Int, reg: Int)? = nil,
    standardRules: [InitConfig] = []
  ) throws {
    self.config = config
    let plain = config.flattened(config.inChannels)
    let features = features ?? (plain, plain)
    guard max(features.cls, features.reg) <= 1 << 31 else {
      throw InvalidConfig("a layer over \(max(features.cls, features.reg)) inputs is too large")
    }
    boxCoder = try config.boxCoder.build(context.registries.boxCoders, context)
    lossCls = try config.lossCls.build(context.registries.detectionLosses, context)
    lossBbox = try config.lossBox.build(context.registries.detectionLosses, context)
    if let seesaw = lossCls as? SeesawLoss, seesaw.config.classes != config.classes {
      throw InvalidConfig(
        "loss_cls.num_classes must be the head's, \(config.classes), found \(seesaw.config.classes)")
    }
    let scores = (lossCls as? SeesawLoss)?.scoreChannels ?? config.classes + 1
    fcCls = config.classifies ? config.clsPredictor.make(features.cls, scores) : nil
    fcReg = config.regresses ? config.regPredictor.make(features.reg, config.codes) : nil
    var rules: [InitConfig] = []
    if config.classifies { rules.append(.override("fc_cls", .normal(mean: 0, std: 0.01))) }
    if config.regresses { rules.append(.override("fc_reg", .normal(mean: 0, std: 0.001))) }
    initialization = config.initialization ?? rules + standardRules
  }

  /// For heads that have layers of their own.
  init(
    layersOf config: BoxHeadConfig, lossCls: any DetectionLoss, lossBox: any DetectionLoss,
    boxCoder: any BoxCoder,
    fcCls: (any UnaryModule)?, rules: [InitConfig]
  ) {
    (self.config, self.lossCls, lossBbox, self.boxCoder) = (config, lossCls, lossBox, boxCoder)
    (self.fcCls, fcReg, initialization) = (fcCls, nil, rules)
  }

  public var classes: Int { config.classes }
  /// The loss, where it has scores of its own kind.
  var seesaw: SeesawLoss? { lossCls as? SeesawLoss }

  public func callAsFunction(_ x: Tensor) -> BoxOutputs {
    let x = flattened(x)
    return BoxOutputs(scores: fcCls.map { $0(x) }, codes: fcReg.map { $0(x) })
  }

  /// A row a region; averaged over pixels where the config says so.
  func flattened(_ x: Tensor) -> Tensor {
    guard x.rank == 4 else { return x }
    return config.averages ? x.mean([2, 3]) : x.flattened(from: 1)
  }

  /// Probabilities of the classes and, last, of the background.
  public func probabilities(_ scores: Tensor) -> Tensor {
    seesaw?.probabilities(scores) ?? scores.softmax(-1)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    // The original makes layers anew, so that those whose rules are of their own keep them.
    for rule in initialization { rule.apply(to: self, using: &generator) }
    for layer in [fcCls, fcReg] { (layer as? NormedLinear)?.initializeWeights(using: &generator) }
  }

  /// Boxes and probabilities of the regions of one image.
  ///
  /// Mirrors `get_bboxes` without a config.
  func boxes(_ outputs: BoxOutputs, _ rois: RoIs, _ meta: ImageMeta, rescale: Bool) throws -> ScoredBoxes {
    guard let scores = outputs.scores else {
      throw InvalidConfig("bbox_head must classify (with_cls) to detect objects")
    }
    let priors = rois.boxes.tensor
    var boxes = outputs.codes.map { boxCoder.decode(priors, $0, maxShape: meta.size) } ?? priors
    if rescale, boxes.shape[0] > 0 {
      let n = boxes.shape[0]
      boxes = (boxes.reshaped([n, boxes.shape[1] / 4, 4]) / Tensor(meta.scaleFactor)).reshaped(boxes.shape)
    }
    return ScoredBoxes(boxes: boxes, scores: probabilities(scores))
  }

  /// The boxes of one class a region, for the next stage. Mirrors `regress_by_class`.
  func regressed(_ outputs: BoxOutputs, _ rois: RoIs, labels: [Int], _ meta: ImageMeta) throws -> Boxes {
    guard let codes = outputs.codes else {
      throw InvalidConfig("bbox_head must move boxes (with_reg) for the next stage")
    }
    let priors = rois.boxes
    if priors.isEmpty { return priors }
    return Boxes(
      boxCoder.decode(
        priors.tensor, own(codes.detached(), Array(priors.indices), labels), maxShape: meta.size))
  }

  /// Four numbers a region: those of a class, where classes have their own.
  func own(_ codes: Tensor, _ rows: [Int], _ labels: [Int]) -> Tensor {
    if config.isClassAgnostic { return codes.indexSelected(0, rows) }
    return codes.reshaped([codes.shape[0] * classes, 4]).indexSelected(
      0, zip(rows, labels).map { $0 * classes + $1 })
  }

  /// The best class of each region, the background left out.
  func bestClasses(_ scores: Tensor) -> [Int] {
    let activated = seesaw?.probabilities(scores) ?? scores
    if activated.shape[0] == 0 { return [] }
    return activated.sliced(1, 0..<activated.shape[1] - 1).argmax(1).elements(as: Int64.self).map(Int.init)
  }

  /// What the head should say of sampled regions. Mirrors `get_targets`.
  func targets(_ samples: [SamplingResult], _ training: RCNNTrainConfig) throws -> BoxTargets {
    var targets = BoxTargets()
    for sample in samples {
      let (positives, negatives) = (sample.posBoxes.count, sample.negBoxes.count)
      guard let labels = sample.posLabels ?? (positives == 0 ? [] : nil) else {
        throw InvalidConfig("the pipeline must collect gt_labels to train a second stage")
      }
      guard labels.allSatisfy({ (0..<classes).contains($0) }) else {
        throw InvalidConfig(
          "classes of objects must be below bbox_head.num_classes, \(classes), found \(labels.max() ?? 0)")
      }
      let weight = training.positiveWeight <= 0 ? 1 : training.positiveWeight
      targets.labels += labels.map(Int64.init) + Array(repeating: Int64(classes), count: negatives)
      targets.labelWeights +=
        Array(repeating: weight, count: positives) + Array(repeating: 1, count: negatives)
      targets.boxes +=
        config.decodesForLoss
        ? sample.posTruthBoxes.values : boxCoder.encode(sample.posBoxes, sample.posTruthBoxes)
      targets.boxes += Array(repeating: 0, count: 4 * negatives)
      targets.boxWeights +=
        Array(repeating: 1, count: 4 * positives) + Array(repeating: 0, count: 4 * negatives)
    }
    return targets
  }

  /// Losses by the original's names. Mirrors `loss`.
  func losses(_ outputs: BoxOutputs, _ rois: RoIs, _ targets: BoxTargets) throws -> LossTerms {
    var terms = LossTerms()
    if let scores = outputs.scores, scores.count > 0 { try classify(scores, targets, &terms) }
    guard let codes = outputs.codes else { return terms }
    let positives = targets.positives(classes: classes)
    guard !positives.isEmpty else {
      // Nothing to move; the sum of no numbers keeps the layer in the graph.
      terms["loss_bbox"] = codes.sliced(0, 0..<0).sum()
      return terms
    }
    var predicted = own(codes, positives, positives.map { Int(targets.labels[$0]) })
    if config.decodesForLoss { predicted = boxCoder.decode(rois[positives].boxes.tensor, predicted) }
    terms["loss_bbox"] = try lossBbox(
      predicted, values: BoxTargets.rows(targets.boxes, positives),
      weight: BoxTargets.rows(targets.boxWeights, positives), averageFactor: Double(targets.count))
    return terms
  }
}

extension InitConfig {
  /// A rule for one part of a module.
  static func override(_ name: String, _ rule: Rule) -> InitConfig {
    InitConfig(rule, overrides: [(name, InitConfig(rule))])
  }
}
