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
    let scores = (lossCls as? any CustomClassification)?.scores(for: config.classes) ?? config.classes + 1
    fcCls = config.classifies ? config.clsPredictor.make(features.cls, scores) : nil
    fcReg = config.regresses ? config.regPredictor.make(features.reg, config.codes) : nil
    var rules: [InitConfig] = []
    if config.classifies { rules.append(.override("fc_cls", .normal(mean: 0, std: 0.01))) }
    if config.regresses { rules.append(.override("fc_reg", .normal(mean: 0, std: 0.001))) }
    initialization = config.initialization ?? rules + standardRules
  }

  public var classes: Int { config.classes }
  /// Whether classes are scored in the loss's own way.
  var customClassification: (any CustomClassification)? { lossCls as? any CustomClassification }

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
    customClassification?.probabilities(scores) ?? scores.softmax(-1)
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
}

extension InitConfig {
  /// A rule for one part of a module.
  static func override(_ name: String, _ rule: Rule) -> InitConfig {
    InitConfig(rule, overrides: [(name, InitConfig(rule))])
  }
}

/// mmdet's rule for boxes of another stage.
extension BBoxHead {
  /// Boxes and probabilities of the regions of one image.
  ///
  /// Mirrors `get_bboxes` without a config.
  /// - Returns: `[n, 4]` or `[n, 4 · classes]` and `[n, classes + 1]`.
  func boxes(_ outputs: BoxOutputs, _ rois: RoIs, _ meta: ImageMeta, rescale: Bool) throws -> (boxes: Tensor, scores: Tensor) {
    guard let scores = outputs.scores else { throw InvalidConfig("bbox_head must classify (with_cls) to detect objects") }
    let priors = rois.boxes.tensor
    var boxes = outputs.codes.map { boxCoder.decode(priors, $0, maxShape: meta.size) } ?? priors
    if rescale, boxes.shape[0] > 0 {
      let n = boxes.shape[0]
      boxes = (boxes.reshaped([n, boxes.shape[1] / 4, 4]) / Tensor(meta.scaleFactor)).reshaped(boxes.shape)
    }
    return (boxes, probabilities(scores))
  }

  /// The boxes of one class a region, for the next stage. Mirrors `regress_by_class`.
  func regressed(_ outputs: BoxOutputs, _ rois: RoIs, labels: [Int], _ meta: ImageMeta) throws -> Boxes {
    guard let codes = outputs.codes else { throw InvalidConfig("bbox_head must move boxes (with_reg) for the next stage") }
    let priors = rois.boxes
    if priors.isEmpty { return priors }
    return Boxes(boxCoder.decode(priors.tensor, own(codes.detached(), Array(priors.indices), labels), maxShape: meta.size))
  }

  /// Four numbers a region: those of a class, where classes have their own.
  func own(_ codes: Tensor, _ rows: [Int], _ labels: [Int]) -> Tensor {
    if config.isClassAgnostic { return codes.indexSelected(0, rows) }
    return codes.reshaped([codes.shape[0] * classes, 4]).indexSelected(0, zip(rows, labels).map { $0 * classes + $1 })
  }

  /// The best class of each region, the background left out.
  func bestClasses(_ scores: Tensor) -> [Int] {
    let activated = customClassification?.probabilities(scores) ?? scores
    if activated.shape[0] == 0 { return [] }
    return activated.sliced(1, 0..<activated.shape[1] - 1).argmax(1).elements(as: Int64.self).map(Int.init)
  }
}
