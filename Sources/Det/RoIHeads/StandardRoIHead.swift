import Core
import PyConfig

/// A second stage with one box head and perhaps a mask head.
///
/// Ren et al., 2015 (<https://arxiv.org/abs/1506.01497>); He et al., 2017 (<https://arxiv.org/abs/1703.06870>). Mirrors
/// mmdet's `StandardRoIHead`.
public class StandardRoIHead: Module, RoIHead, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var sharedHead: Component?
    public var boxExtractor, boxHead: Component
    public var maskExtractor, maskHead: Component?
    public var training: RCNNTrainConfig?
    public var testing: RCNNTestConfig?
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      sharedHead = reader.optionalComponent("shared_head")
      boxExtractor = try reader.component("bbox_roi_extractor")
      boxHead = try reader.component("bbox_head")
      maskExtractor = reader.optionalComponent("mask_roi_extractor")
      maskHead = reader.optionalComponent("mask_head")
      training = try reader.optional("train_cfg")
      testing = try reader.optional("test_cfg")
      initialization = try reader.initialization(default: [])
      if let checkpoint: String = try reader.optional("pretrained"), sharedHead != nil {
        sharedHead = sharedHead?.setting("pretrained", to: .init(.string(checkpoint)))
      }
    }
  }

  let sharedHead: SharedResLayer?
  let bboxRoiExtractor: any RoIExtractor
  let bboxHead: BBoxHead
  let maskRoiExtractor: (any RoIExtractor)?
  let maskHead: (any MaskHead)?
  /// Whether the mask head sees the box head's features.
  let sharesExtractor: Bool
  var sampler: RoISampler?
  let testing: RCNNTestConfig?
  public let initialization: [InitConfig]

  public init(_ config: Config, _ context: BuildContext) throws {
    let registries = context.registries
    sharedHead = try config.sharedHead?.build(registries.sharedHeads, context)
    bboxRoiExtractor = try config.boxExtractor.build(registries.roiExtractors, context)
    bboxHead = try config.boxHead.build(registries.boxHeads, context)
    maskHead = try config.maskHead?.build(registries.maskHeads, context)
    let own = maskHead == nil ? nil : try config.maskExtractor?.build(registries.roiExtractors, context)
    sharesExtractor = own == nil
    maskRoiExtractor = maskHead == nil ? nil : own ?? bboxRoiExtractor
    sampler = try config.training.map { try RoISampler($0, context) }
    testing = config.testing
    initialization = config.initialization
  }

  public var classes: Int? { bboxHead.classes }

  public func check(channels: [Int]) throws {
    for extractor in [bboxRoiExtractor, maskRoiExtractor].compactMap({ $0 }) {
      try extractor.check(channels: channels)
    }
  }

  // MARK: Boxes

  /// What the box head says of regions, and the features that it saw. Mirrors `_bbox_forward`.
  func boxForward(_ features: [Tensor], _ rois: RoIs) -> (outputs: BoxOutputs, features: Tensor) {
    var x = bboxRoiExtractor(features, rois)
    if let sharedHead { x = sharedHead(x) }
    return (bboxHead(x), x)
  }

  func requireTraining() throws -> RoISampler {
    guard let sampler else {
      throw InvalidConfig("\(type(of: self)) has no train_cfg; it cannot be trained without one")
    }
    return sampler
  }

  func requireTesting() throws -> RCNNTestConfig {
    guard let testing else {
      throw InvalidConfig("\(type(of: self)) has no test_cfg; it cannot predict without one")
    }
    return testing
  }

  /// The samples of a training batch.
  func sample(_ features: [Tensor], _ proposals: [Proposals], _ truths: [GroundTruth]) throws
    -> (samples: [SamplingResult], assigned: [AssignResult])
  {
    try requireTraining()(proposals.map(\.boxes), truths) { image, boxes, labels in
      try withoutGradient {
        var rois = RoIs()
        for index in boxes.indices { rois.append(boxes[index], image: image) }
        return try self.bboxHead.hardness(self.boxForward(features, rois).outputs, labels: labels)
      }
    }
  }

  public func losses(_ features: [Tensor], _ proposals: [Proposals], _ batch: DetectionBatch) throws
    -> LossTerms
  {
    let truths = try batch.requireTruths()
    let (samples, _) = try sample(features, proposals, truths)
    let (terms, seen) = try boxLosses(features, samples)
    return try addingMaskLosses(to: terms, features, samples, seen, truths)
  }

  /// The losses of the box head and the features that it saw.
  func boxLosses(_ features: [Tensor], _ samples: [SamplingResult]) throws -> (LossTerms, Tensor) {
    let rois = RoIs(samples.map(\.boxes))
    let (outputs, seen) = boxForward(features, rois)
    let targets = try bboxHead.targets(samples, requireTraining().training)
    return (try bboxHead.losses(outputs, rois, targets), seen)
  }

  // MARK: Masks

  /// What the mask head sees of regions.
  func maskFeatures(_ features: [Tensor], _ rois: RoIs) -> Tensor {
    guard let maskRoiExtractor else {
      preconditionFailure("StandardRoIHead.maskFeatures: there is no mask head")
    }
    let x = maskRoiExtractor(features, rois)
    return sharedHead.map { $0(x) } ?? x
  }

  /// What the mask head sees of the sampled positive regions.
  func maskTrainingFeatures(_ features: [Tensor], _ samples: [SamplingResult], _ boxFeatures: Tensor)
    -> Tensor
  {
    guard sharesExtractor else { return maskFeatures(features, RoIs(samples.map(\.posBoxes))) }
    var rows: [Int] = []
    var start = 0
    for sample in samples {
      rows += start..<start + sample.posBoxes.count
      start += sample.posBoxes.count + sample.negBoxes.count
    }
    return boxFeatures.indexSelected(0, rows)
  }

  func addingMaskLosses(
    to terms: LossTerms, _ features: [Tensor], _ samples: [SamplingResult], _ boxFeatures: Tensor,
    _ truths: [GroundTruth]
  ) throws -> LossTerms {
    guard let maskHead else { return terms }
    let x = maskTrainingFeatures(features, samples, boxFeatures)
    let targets = try MaskTargets.make(samples, truths, requireTraining().training)
    var terms = terms
    terms.merge(
      try maskHead.losses(
        own: maskHead.logits(x, of: samples.flatMap { $0.posLabels ?? [] }), targets: targets))
    return terms
  }

  /// Logits of the masks of regions, of one class each, `[regions, h, w]`.
  func predictedMasks(_ features: [Tensor], _ rois: RoIs, _ labels: [Int], _ config: RCNNTestConfig) throws
    -> Tensor
  {
    guard let maskHead else { preconditionFailure("StandardRoIHead.predictedMasks: there is no mask head") }
    return maskHead.logits(maskFeatures(features, rois), of: labels)
  }

  public func forwardDummy(_ features: [Tensor], _ proposals: Boxes) {
    let rois = RoIs([proposals])
    _ = boxForward(features, rois)
    if let maskHead { _ = maskHead(maskFeatures(features, rois[Array(0..<min(100, rois.count))])) }
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  // MARK: Testing

  public func detections(_ features: [Tensor], _ proposals: [Proposals], _ metas: [ImageMeta], rescale: Bool)
    throws
    -> [Detections]
  {
    let config = try requireTesting()
    let found = try boxDetections(features, proposals, metas, config, rescale: rescale)
    return try addingMasks(to: found, features, metas, config, rescale: rescale)
  }

  /// Mirrors `simple_test_bboxes`.
  func boxDetections(
    _ features: [Tensor], _ proposals: [Proposals], _ metas: [ImageMeta], _ config: RCNNTestConfig,
    rescale: Bool
  ) throws -> [Detections] {
    let rois = RoIs(proposals.map(\.boxes))
    if rois.isEmpty { return proposals.map { _ in Detections() } }
    let outputs = boxForward(features, rois).outputs
    var start = 0
    return try zip(proposals, metas).map { proposals, meta in
      let rows = start..<start + proposals.boxes.count
      start = rows.upperBound
      if rows.isEmpty { return Detections() }
      return try bboxHead.boxes(outputs[rows], rois[Array(rows)], meta, rescale: rescale).detections(config)
    }
  }

  /// Mirrors `simple_test_mask`.
  func addingMasks(
    to found: [Detections], _ features: [Tensor], _ metas: [ImageMeta], _ config: RCNNTestConfig,
    rescale: Bool
  ) throws -> [Detections] {
    guard maskHead != nil else { return found }
    let boxes = zip(found, metas).map { rescale ? $0.boxes.multiplied(by: $1.scaleFactor) : $0.boxes }
    let rois = RoIs(boxes)
    var merging = MaskMerging()
    if !rois.isEmpty {
      merging.add(try predictedMasks(features, rois, found.flatMap(\.labels), config), nil)
    }
    return try MaskPaste.addMasks(merging, to: found, boxes, metas, config, rescale: rescale)
  }

  public func detections(views: [(features: [Tensor], meta: ImageMeta)], _ proposals: Proposals) throws
    -> Detections
  {
    let config = try requireTesting()
    var merging = BoxMerging()
    for (features, meta) in views where !proposals.boxes.isEmpty {
      let rois = RoIs([proposals.boxes.mapped(meta)])
      merging.add(try bboxHead.boxes(boxForward(features, rois).outputs, rois, meta, rescale: false), meta)
    }
    let found = merging.detections(config)
    guard maskHead != nil, let meta = views.first?.meta else { return found }
    var masks = MaskMerging()
    for (features, meta) in views where found.count > 0 {
      let rois = RoIs([found.boxes.mapped(meta)])
      masks.add(try predictedMasks(features, rois, found.labels, config), meta)
    }
    return try MaskPaste.addMasks(masks, toOriginal: found, meta, config)
  }
}

extension RoIExtractor {
  /// - Throws: `InvalidConfig` unless there are as many feature maps as the extractor reads, of its channels.
  func check(channels: [Int]) throws {
    guard channels.count >= inputs, channels.prefix(inputs).allSatisfy({ $0 == self.channels }) else {
      throw InvalidConfig(
        "roi_head: an extractor for \(inputs) feature maps of \(self.channels) channels cannot read maps of "
          + "\(channels) channels")
    }
  }
}
