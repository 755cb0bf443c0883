import Core
import OrderedCollections
import PyConfig

/// A second stage of several, each of which refines the boxes of the one before.
///
/// Cai and Vasconcelos, 2017 (<https://arxiv.org/abs/1712.00726>). Mirrors mmdet's `CascadeRoIHead`.
public class CascadeRoIHead: Module, RoIHead, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var lossWeights: [Float]
    public var boxExtractors, boxHeads: [Component]
    public var maskExtractors, maskHeads: [Component]?
    public var training: [RCNNTrainConfig]?
    public var testing: RCNNTestConfig?
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws { try self.init(from: &reader, readsMasks: true) }

    /// - Parameter readsMasks: whether there are mask heads for each stage.
    public init(from reader: inout ConfigReader, readsMasks: Bool) throws {
      let stages = try reader.integer("num_stages", in: 1...64)
      lossWeights = try reader.value("stage_loss_weights")
      guard lossWeights.count >= stages else {
        throw reader.invalid(
          "must hold a number for each of \(stages) stages, found \(lossWeights.count)",
          key: "stage_loss_weights")
      }
      boxExtractors = try reader.components("bbox_roi_extractor", count: stages)
      boxHeads = try reader.components("bbox_head", count: stages)
      if readsMasks {
        maskExtractors = try reader.optionalComponents("mask_roi_extractor", count: stages)
        maskHeads = try reader.optionalComponents("mask_head", count: stages)
      }
      training = try reader.optional("train_cfg")
      if let training, training.count < stages {
        throw reader.invalid(
          "must hold one for each of \(stages) stages, found \(training.count)", key: "train_cfg")
      }
      testing = try reader.optional("test_cfg")
      if let node = reader.node("shared_head"), !node.isNone {
        throw reader.invalid("must be None", key: "shared_head")
      }
      initialization = try reader.initialization(default: [])
      reader.ignore("pretrained")
    }

    public var stages: Int { boxHeads.count }
  }

  let bboxRoiExtractor: ExtractorList
  let bboxHead: ModuleList<BBoxHead>
  let maskHead: MaskHeadList?
  let maskRoiExtractor: ExtractorList?
  let lossWeights: [Float]
  let samplers: [RoISampler]?
  let testing: RCNNTestConfig?
  public let initialization: [InitConfig]

  public init(_ config: Config, _ context: BuildContext) throws {
    let registries = context.registries
    func extractors(_ components: [Component]) throws -> ExtractorList {
      ExtractorList(try components.map { try $0.build(registries.roiExtractors, context) })
    }
    bboxRoiExtractor = try extractors(config.boxExtractors)
    bboxHead = ModuleList(try config.boxHeads.map { try $0.build(registries.boxHeads, context) })
    maskHead = try config.maskHeads.map { heads in
      MaskHeadList(try heads.map { try $0.build(registries.maskHeads, context) })
    }
    maskRoiExtractor =
      config.maskHeads == nil ? nil : try config.maskExtractors.map(extractors) ?? bboxRoiExtractor
    lossWeights = config.lossWeights
    samplers = try config.training.map { try $0.prefix(config.stages).map { try RoISampler($0, context) } }
    (testing, initialization) = (config.testing, config.initialization)
    super.init()
    let numbers = Set(bboxHead.map(\.classes) + (maskHead?.modules.map(\.classes) ?? []))
    guard numbers.count == 1 else {
      throw InvalidConfig("num_classes must be the same in all heads, found \(numbers.sorted())")
    }
  }

  public var classes: Int? { bboxHead[0].classes }
  var stages: Int { bboxHead.count }
  var predictsMasks: Bool { maskHead != nil }

  public func check(channels: [Int]) throws {
    for extractor in bboxRoiExtractor.modules + (maskRoiExtractor?.modules ?? []) {
      try extractor.check(channels: channels)
    }
  }

  /// What the box head of a stage says of regions, and the features that it saw.
  func boxForward(_ stage: Int, _ features: [Tensor], _ rois: RoIs) -> (outputs: BoxOutputs, features: Tensor)
  {
    let x = bboxRoiExtractor[stage](features, rois)
    return (bboxHead[stage](x), x)
  }

  func requireTraining() throws -> [RoISampler] {
    guard let samplers else {
      throw InvalidConfig("\(type(of: self)) has no train_cfg; it cannot be trained without one")
    }
    return samplers
  }

  func requireTesting() throws -> RCNNTestConfig {
    guard let testing else {
      throw InvalidConfig("\(type(of: self)) has no test_cfg; it cannot predict without one")
    }
    return testing
  }

  /// The samples of a stage.
  func sample(_ stage: Int, _ features: [Tensor], _ boxes: [Boxes], _ truths: [GroundTruth]) throws
    -> [SamplingResult]
  {
    try requireTraining()[stage](boxes, truths) { image, boxes, labels in
      try withoutGradient {
        var rois = RoIs()
        for index in boxes.indices { rois.append(boxes[index], image: image) }
        return try self.bboxHead[stage].hardness(
          self.boxForward(stage, features, rois).outputs, labels: labels)
      }
    }.samples
  }

  public func losses(_ features: [Tensor], _ proposals: [Proposals], _ batch: DetectionBatch) throws
    -> LossTerms
  {
    let truths = try batch.requireTruths()
    var boxes = proposals.map(\.boxes)
    var terms = LossTerms()
    for stage in 0..<stages {
      let samples = try sample(stage, features, boxes, truths)
      let rois = RoIs(samples.map(\.boxes))
      let outputs = boxForward(stage, features, rois).outputs
      let targets = try bboxHead[stage].targets(samples, requireTraining()[stage].training)
      terms.merge(
        try bboxHead[stage].losses(outputs, rois, targets).scaled(by: lossWeights[stage]),
        prefix: "s\(stage).")
      if let maskHead, let maskRoiExtractor {
        let x = maskRoiExtractor[stage](features, RoIs(samples.map(\.posBoxes)))
        let own = maskHead[stage].logits(x, of: samples.flatMap { $0.posLabels ?? [] })
        let masks = try MaskTargets.make(samples, truths, requireTraining()[stage].training)
        terms.merge(
          try maskHead[stage].losses(own: own, targets: masks).scaled(by: lossWeights[stage]),
          prefix: "s\(stage).")
      }
      if stage + 1 < stages {
        guard outputs.scores?.count ?? 0 > 0 else { break }
        boxes = try refined(stage, outputs, rois, targets, samples, batch.metas)
      }
    }
    return terms
  }

  /// The boxes that the next stage starts from: of their class, where they stand for an object, else of the best one.
  /// Objects' own boxes go. Mirrors `refine_bboxes`.
  func refined(
    _ stage: Int, _ outputs: BoxOutputs, _ rois: RoIs, _ targets: BoxTargets, _ samples: [SamplingResult],
    _ metas: [ImageMeta]
  ) throws -> [Boxes] {
    try withoutGradient {
      let head = bboxHead[stage]
      guard let scores = outputs.scores?.detached() else { return [] }
      let best = head.bestClasses(scores)
      let labels = targets.labels.indices.map {
        targets.labels[$0] == Int64(head.classes) ? best[$0] : Int(targets.labels[$0])
      }
      var start = 0
      return try zip(samples, metas).map { sample, meta in
        let rows = start..<start + sample.boxes.count
        start = rows.upperBound
        let boxes = try head.regressed(outputs[rows], rois[Array(rows)], labels: Array(labels[rows]), meta)
        return boxes[boxes.indices.filter { $0 >= sample.posIsTruth.count || !sample.posIsTruth[$0] }]
      }
    }
  }

  public func forwardDummy(_ features: [Tensor], _ proposals: Boxes) {
    let rois = RoIs([proposals])
    for stage in 0..<stages { _ = boxForward(stage, features, rois) }
    guard let maskHead, let maskRoiExtractor else { return }
    let first = rois[Array(0..<min(100, rois.count))]
    for stage in 0..<stages { _ = maskHead[stage](maskRoiExtractor[stage](features, first)) }
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
    let found = try boxDetections(features, proposals.map(\.boxes), metas).enumerated().map { image, found in
      guard let found else { return Detections() }
      return try bboxHead[stages - 1].boxes(found.outputs, found.rois, metas[image], rescale: rescale)
        .detections(config)
    }
    guard predictsMasks else { return found }
    let boxes = zip(found, metas).map { rescale ? $0.boxes.multiplied(by: $1.scaleFactor) : $0.boxes }
    var merging = MaskMerging()
    let rois = RoIs(boxes)
    if !rois.isEmpty { addMasks(to: &merging, features, rois, found.flatMap(\.labels), nil) }
    return try MaskPaste.addMasks(merging, to: found, boxes, metas, config, rescale: rescale)
  }

  /// Runs all stages over regions of some images: their boxes before the last refinement, its numbers and the mean of all
  /// stages' scores; `nil` for images without proposals.
  func boxDetections(_ features: [Tensor], _ proposals: [Boxes], _ metas: [ImageMeta]) throws
    -> [(rois: RoIs, outputs: BoxOutputs)?]
  {
    var boxes = proposals
    var sums: [Tensor?] = proposals.map { _ in nil }
    for stage in 0..<stages {
      let rois = RoIs(boxes)
      if rois.isEmpty { break }
      let outputs = boxForward(stage, features, rois).outputs
      var start = 0
      var results: [(rois: RoIs, outputs: BoxOutputs)?] = []
      for image in boxes.indices {
        let rows = start..<start + boxes[image].count
        start = rows.upperBound
        guard !rows.isEmpty else {
          results.append(nil)
          continue
        }
        var own = outputs[rows]
        guard let scores = own.scores else {
          throw InvalidConfig("bbox_head must classify (with_cls) to detect objects")
        }
        let regions = rois[Array(rows)]
        sums[image] = sums[image].map { $0 + scores } ?? scores
        if stage + 1 < stages {
          boxes[image] = try bboxHead[stage].regressed(
            own, regions, labels: bboxHead[stage].bestClasses(scores), metas[image])
        }
        own.scores = sums[image].map { $0 / Float(stages) }
        results.append((regions, own))
      }
      if stage + 1 == stages { return results }
    }
    return proposals.map { _ in nil }
  }

  /// Adds the masks that are predicted for regions, of all stages.
  func addMasks(
    to merging: inout MaskMerging, _ features: [Tensor], _ rois: RoIs, _ labels: [Int], _ meta: ImageMeta?
  ) {
    guard let maskHead, let maskRoiExtractor else { return }
    for stage in 0..<stages {
      merging.add(maskHead[stage].logits(maskRoiExtractor[stage](features, rois), of: labels), meta)
    }
  }

  public func detections(views: [(features: [Tensor], meta: ImageMeta)], _ proposals: Proposals) throws
    -> Detections
  {
    let config = try requireTesting()
    var merging = BoxMerging()
    for (features, meta) in views {
      guard let found = try boxDetections(features, [proposals.boxes.mapped(meta)], [meta])[0] else {
        continue
      }
      merging.add(try bboxHead[stages - 1].boxes(found.outputs, found.rois, meta, rescale: false), meta)
    }
    let found = merging.detections(config)
    guard predictsMasks, let meta = views.first?.meta else { return found }
    var masks = MaskMerging()
    for (features, meta) in views where found.count > 0 {
      addMasks(to: &masks, features, RoIs([found.boxes.mapped(meta)]), found.labels, meta)
    }
    return try MaskPaste.addMasks(masks, toOriginal: found, meta, config)
  }
}

/// RoI extractors under the keys `0`, `1`, ...
public final class ExtractorList: Module {
  public let modules: [any RoIExtractor]

  public init(_ modules: [any RoIExtractor]) { self.modules = modules }

  public override var listsChildren: Bool { true }
  public override var listedChildren: [(key: String, module: Module)] {
    modules.enumerated().map { (String($0), $1) }
  }
  public subscript(index: Int) -> any RoIExtractor { modules[index] }
}

/// Mask heads under the keys `0`, `1`, ...
public final class MaskHeadList: Module {
  public let modules: [any MaskHead]

  public init(_ modules: [any MaskHead]) { self.modules = modules }

  public override var listsChildren: Bool { true }
  public override var listedChildren: [(key: String, module: Module)] {
    modules.enumerated().map { (String($0), $1) }
  }
  public subscript(index: Int) -> any MaskHead { modules[index] }
}

extension LossTerms {
  /// Losses multiplied by `factor`; numbers that are only logged stay.
  func scaled(by factor: Float) -> LossTerms {
    var result = LossTerms()
    for (name, tensors) in terms {
      result.set(name, levels: name.contains("loss") ? tensors.map { $0 * factor } : tensors)
    }
    return result
  }
}

extension ConfigReader {
  /// Parts of several stages: a list, or one for all of them.
  mutating func components(_ key: String, count: Int) throws -> [Component] {
    guard let components = try optionalComponents(key, count: count) else {
      throw BuildError(.missingKey(key), path: path, location: location)
    }
    return components
  }

  /// The same, where there may be none.
  mutating func optionalComponents(_ key: String, count: Int) throws -> [Component]? {
    guard let node = node(key), !node.isNone else { return nil }
    guard let items = node.items else {
      return Array(repeating: Component(node, path: path(key)), count: count)
    }
    guard items.count == count else {
      throw invalid("must hold one for each of \(count) stages, found \(items.count)", key: key)
    }
    return items.enumerated().map { Component($1, path: "\(path(key)).\($0)") }
  }
}
