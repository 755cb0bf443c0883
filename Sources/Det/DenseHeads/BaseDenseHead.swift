import Core

/// What the layers of a dense head give: for each level `[N, priors * width, H, W]`.
public struct DenseOutputs {
  /// Scores of classes, before the sigmoid or softmax.
  public var scores: [Tensor]
  /// Numbers for the box coder.
  public var boxes: [Tensor]
  /// By which scores are multiplied after a sigmoid (centerness, overlap).
  public var factors: [Tensor]?
  /// What some heads give besides.
  public var extras: [Tensor]

  public init(scores: [Tensor], boxes: [Tensor], factors: [Tensor]? = nil, extras: [Tensor] = []) {
    (self.scores, self.boxes, self.factors, self.extras) = (scores, boxes, factors, extras)
  }

  /// Sizes of the feature maps.
  public var sizes: [Pair] { scores.map { Pair(h: $0.shape[2], w: $0.shape[3]) } }
}

/// A head that gives boxes, scores and perhaps factors for every position. Mirrors mmdet's `BaseDenseHead`.
///
/// Subclasses say what their layers compute, what a level's numbers mean as boxes, and the losses.
public class BaseDenseHead: Module, DenseHead, ConfiguredModule {
  public let classes: Int
  /// Whether classes are told apart by sigmoids, without a background class.
  public let usesSigmoid: Bool
  public let initialization: [InitConfig]
  public let testing: DenseTestConfig?

  public init(classes: Int, usesSigmoid: Bool, testing: DenseTestConfig?, initialization: [InitConfig]) {
    (self.classes, self.usesSigmoid, self.testing) = (classes, usesSigmoid, testing)
    self.initialization = initialization
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  /// Rules, then 0 for what moves the points of deformable convolutions.
  public func applyInitialization(using generator: inout RandomGenerator) {
    for rule in initialization { rule.apply(to: self, using: &generator) }
    for (key, parameter) in namedParameters where key.contains("conv_offset.") { Init.constant(parameter, 0) }
  }

  /// Scores at a prior: classes, and the background where they come from a softmax.
  public var scoreChannels: Int { usesSigmoid ? classes : classes + 1 }

  // MARK: What subclasses say

  public func forward(_ features: [Tensor]) -> DenseOutputs {
    preconditionFailure("\(type(of: self)).forward must be overridden")
  }

  public func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws -> LossTerms
  {
    preconditionFailure("\(type(of: self)).loss must be overridden")
  }

  /// Boxes of some priors of a level from the head's numbers for them `[kept.count, ...]`.
  public func decode(level: Int, _ kept: [Int], _ codes: Tensor, sizes: [Pair], _ meta: ImageMeta) throws
    -> Boxes
  {
    preconditionFailure("\(type(of: self)).decode must be overridden")
  }

  /// Detections of one picture before suppression, in the scale of the network's input.
  ///
  /// Mirrors `_get_bboxes_single`: on each level the highest scores go on, of all classes together.
  func candidates(_ outputs: DenseOutputs, image: Int, _ meta: ImageMeta, _ config: DenseTestConfig) throws
    -> Candidates
  {
    var found = Candidates()
    for level in outputs.scores.indices {
      let scores = rows(outputs.scores[level], image, width: scoreChannels)
      let probabilities = usesSigmoid ? scores.sigmoid() : scores.softmax(-1).sliced(1, 0..<classes)
      let best = BestScores(probabilities, above: config.scoreThreshold, limit: config.candidates)
      if best.rows.isEmpty { continue }
      let codes = rows(outputs.boxes[level], image, width: codeWidth(outputs.boxes[level], level))
      found.boxes.append(
        contentsOf: try decode(
          level: level, best.rows, codes.indexSelected(0, best.rows), sizes: outputs.sizes, meta))
      found.scores += best.scores
      found.labels += best.labels
      if let factors = outputs.factors {
        let all = rows(factors[level], image, width: 1).reshaped([-1]).sigmoid().floats
        found.factors += best.rows.map { all[$0] }
      }
    }
    return found
  }

  /// Channels of the feature maps: one number for all levels, or one a level.
  var inputChannels: [Int] { [] }

  public func check(channels: [Int]) throws {
    let wanted = inputChannels
    if wanted.isEmpty || channels == wanted { return }
    if wanted.count == 1, channels.allSatisfy({ $0 == wanted[0] }) { return }
    throw InvalidConfig(
      "\(type(of: self)): in_channels must be those of its feature maps, \(channels), found "
        + (wanted.count == 1 ? "\(wanted[0])" : "\(wanted)"))
  }

  /// Whether objects' classes matter.
  var usesLabels: Bool { true }

  /// What is known of the objects, with a class that the head knows for each.
  private func checkedTruths(_ batch: DetectionBatch) throws -> [GroundTruth] {
    let truths = try batch.requireTruths()
    for (truth, meta) in zip(truths, batch.metas) where usesLabels {
      let file = meta.filename.map { "\($0): " } ?? ""
      guard truth.labels.count == truth.boxes.count else {
        throw InvalidConfig(
          "\(file)\(truth.boxes.count) objects need as many classes, found \(truth.labels.count)")
      }
      if let label = truth.labels.first(where: { !(0..<classes).contains($0) }) {
        throw InvalidConfig(
          "\(file)the head tells \(classes) classes apart, found an object of class \(label); num_classes must be that of the data set"
        )
      }
    }
    return truths
  }

  /// How many numbers of a level's channels belong to one prior.
  func codeWidth(_ boxes: Tensor, _ level: Int) -> Int { 4 }

  /// Detections of one picture: candidates, back in the original picture if wanted, then suppression.
  func finish(
    _ found: Candidates, _ meta: ImageMeta, _ config: DenseTestConfig, rescale: Bool, suppress: Bool
  )
    -> Detections
  {
    let boxes = rescale ? found.boxes.divided(by: meta.scaleFactor) : found.boxes
    let scores = found.factors.isEmpty ? found.scores : zip(found.scores, found.factors).map { $0 * $1 }
    guard suppress, !boxes.isEmpty else {
      return Detections(boxes: boxes, scores: scores, labels: found.labels)
    }
    return suppressed(Detections(boxes: boxes, scores: scores, labels: found.labels), config)
  }

  /// The detections that remain after suppression, at most as many as the config allows.
  func suppressed(_ found: Detections, _ config: DenseTestConfig) -> Detections {
    let kept: [Int]
    let scores: [Float]
    if let suppression = config.suppression {
      (kept, scores) = suppression(found.boxes, found.scores, groups: found.labels)
    } else {
      kept = descendingOrder(found.scores)
      scores = kept.map { found.scores[$0] }
    }
    let first = kept.prefix(config.limit)
    return Detections(
      boxes: found.boxes[Array(first)], scores: Array(scores.prefix(config.limit)),
      labels: first.map { found.labels[$0] })
  }

  // MARK: What all have

  /// The config for testing.
  ///
  /// - Throws: `InvalidConfig` where the head was built without one.
  func requireTesting() throws -> DenseTestConfig {
    guard let testing else {
      throw InvalidConfig("\(type(of: self)) has no test_cfg; it cannot predict without one")
    }
    return testing
  }

  public func forwardDummy(_ features: [Tensor]) { _ = forward(features) }

  public func losses(_ features: [Tensor], _ batch: DetectionBatch) throws -> LossTerms {
    try check(channels: features.map { $0.shape[1] })
    let truths = try checkedTruths(batch)
    return try loss(forward(features), truths, batch.metas)
  }

  public func detections(_ features: [Tensor], _ metas: [ImageMeta], rescale: Bool, suppress: Bool) throws
    -> [Detections]
  {
    try check(channels: features.map { $0.shape[1] })
    return try withoutGradient {
      try detections(forward(features), metas, requireTesting(), rescale: rescale, suppress: suppress)
    }
  }

  /// Detections from what the layers gave.
  public func detections(
    _ outputs: DenseOutputs, _ metas: [ImageMeta], _ config: DenseTestConfig, rescale: Bool, suppress: Bool
  ) throws -> [Detections] {
    try withoutGradient {
      try metas.enumerated().map { image, meta in
        let found = try candidates(outputs, image: image, meta, config).finite
        return finish(found, meta, config, rescale: rescale, suppress: suppress)
      }
    }
  }

  public func lossesAndProposals(_ features: [Tensor], _ batch: DetectionBatch, _ config: DenseTestConfig?)
    throws -> (
      losses: LossTerms, proposals: [Proposals]
    )
  {
    try check(channels: features.map { $0.shape[1] })
    let truths = try checkedTruths(batch)
    let outputs = forward(features)
    let losses = try loss(outputs, truths, batch.metas)
    let found = try detections(
      outputs, batch.metas, try config ?? requireTesting(), rescale: false, suppress: true)
    return (losses, found.map { Proposals(boxes: $0.boxes, scores: $0.scores) })
  }

  public func detections(views: [(features: [Tensor], meta: ImageMeta)]) throws -> Detections {
    let config = try requireTesting()
    var all = Detections()
    for (features, meta) in views {
      let found = try detections(features, [meta], rescale: false, suppress: false)[0]
      all.boxes.append(contentsOf: found.boxes.mappedBack(meta))
      all.scores += found.scores
      all.labels += found.labels
    }
    return all.boxes.isEmpty ? all : suppressed(all, config)
  }

  /// One picture's numbers of a level as rows, one a prior: positions row by row, priors of a position together.
  func rows(_ level: Tensor, _ image: Int, width: Int) -> Tensor {
    level.detached().selected(0, image).permuted([1, 2, 0]).reshaped([-1, width])
  }

  /// All pictures' numbers of a level as rows.
  func rows(_ level: Tensor, width: Int) -> Tensor { level.permuted([0, 2, 3, 1]).reshaped([-1, width]) }
}

/// Boxes of one picture with scores and classes, before suppression.
struct Candidates {
  var boxes = Boxes()
  var scores: [Float] = []
  var labels: [Int] = []
  /// One a box where the head gives factors.
  var factors: [Float] = []

  /// Those whose boxes and scores are finite numbers.
  ///
  /// The original lets what is no number through to suppression, where it counts as best.
  var finite: Candidates {
    func isFinite(_ index: Int) -> Bool {
      boxes[index].isFinite && scores[index].isFinite && (factors.isEmpty || factors[index].isFinite)
    }
    guard !boxes.indices.allSatisfy(isFinite) else { return self }
    let kept = boxes.indices.filter(isFinite)
    return Candidates(
      boxes: boxes[kept], scores: kept.map { scores[$0] }, labels: kept.map { labels[$0] },
      factors: factors.isEmpty ? [] : kept.map { factors[$0] })
  }
}

/// The highest of a table of scores: mmdet's `filter_scores_and_topk`.
struct BestScores {
  var scores: [Float] = []
  /// Where each stands: its prior and its class.
  var rows: [Int] = []
  var labels: [Int] = []

  /// - Parameters:
  ///   - table: `[priors, classes]`.
  ///   - limit: how many at most; negative numbers leave out so many of the lowest, as the end of a slice does.
  init(_ table: Tensor, above threshold: Float, limit: Int) {
    let (values, classes) = (table.floats, table.shape[1])
    var (kept, places): ([Float], [Int]) = ([], [])
    for (place, value) in values.enumerated() where value > threshold {
      kept.append(value)
      places.append(place)
    }
    let count = limit < 0 ? max(0, kept.count + limit) : min(limit, kept.count)
    for index in topIndices(kept, count) {
      scores.append(kept[index])
      rows.append(places[index] / classes)
      labels.append(places[index] % classes)
    }
  }
}

extension DetectionBatch {
  /// What is known of the objects.
  ///
  /// - Throws: `InvalidConfig` where the pipeline collects none.
  public func requireTruths() throws -> [GroundTruth] {
    guard let truths else {
      throw InvalidConfig("the pipeline must collect gt_bboxes and gt_labels for training")
    }
    guard truths.count == metas.count else {
      throw InvalidConfig(
        "a batch must know the objects of each of its \(metas.count) pictures, found \(truths.count)")
    }
    return truths
  }
}
