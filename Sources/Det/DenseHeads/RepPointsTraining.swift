import Core
import PyConfig

/// `train_cfg` of a `RepPointsHead`: how points, then boxes, are assigned.
struct RepPointsTraining: ConfigRecord, Sendable {
  struct Stage: ConfigRecord, Sendable {
    var assigner: Component
    var positiveWeight: Float

    init(from reader: inout ConfigReader) throws {
      assigner = try reader.component("assigner")
      positiveWeight = try reader.value("pos_weight", default: -1)
      reader.ignore("allowed_border", "debug")
    }
  }

  var first, second: Stage
  var sampler: Component?

  init(from reader: inout ConfigReader) throws {
    first = try reader.value("init")
    second = try reader.value("refine")
    sampler = reader.optionalComponent("sampler")
  }
}

/// The two assignments of a `RepPointsHead`.
struct RepPointsStages {
  private let settings: RepPointsTraining
  private let initAssigner: any Assigner
  private let refineAssigner: any BoxAssigner
  private let sampler: any BoxSampler
  /// Whether only some points are trained on.
  private let samples: Bool

  init(_ settings: RepPointsTraining, samples: Bool, _ context: BuildContext) throws {
    self.settings = settings
    initAssigner = try settings.first.assigner.build(context.registries.assigners, context)
    guard initAssigner is PointAssigner || initAssigner is any BoxAssigner else {
      throw InvalidConfig("train_cfg.init.assigner must be a PointAssigner or one of boxes")
    }
    refineAssigner = try settings.second.assigner.buildAssigner(
      (any BoxAssigner).self, context, for: "RepPointsHead")
    self.samples = samples
    sampler =
      try (samples ? settings.sampler : nil)?.build(context.registries.boxSamplers, context)
      ?? PseudoSampler()
  }

  /// Targets of all pictures, and what losses are divided by.
  struct Targets {
    var images: [AnchorTargets]
    var factor: Double
  }

  /// For points `x, y` of each level.
  func first(
    _ centers: [[Float]], _ strides: [Float], _ scale: Float, _ valid: [[Bool]], _ truths: [GroundTruth],
    _ classes: Int
  ) throws -> Targets {
    let points = centers.flatMap { $0 }
    let pointStrides = centers.indices.flatMap {
      [Float](repeating: strides[$0], count: centers[$0].count / 2)
    }
    let boxes = Boxes(
      pointStrides.indices.map { index in
        let (x, y, reach) = (points[2 * index], points[2 * index + 1], scale * pointStrides[index] * 0.5)
        return Box(x - reach, y - reach, x + reach, y + reach)
      })
    return try targets(valid, truths, classes, settings.first.positiveWeight) { image, places in
      let truth = truths[image]
      let labels = samples ? nil : truth.labels
      let own = boxes[places]
      if let assigner = initAssigner as? PointAssigner {
        return (
          assigner.assign(
            places.flatMap { [points[2 * $0], points[2 * $0 + 1]] }, strides: places.map { pointStrides[$0] },
            truth.boxes, labels: labels), own
        )
      }
      guard let assigner = initAssigner as? any BoxAssigner else {
        throw InvalidConfig("train_cfg.init.assigner must be a PointAssigner or one of boxes")
      }
      return (assigner.assign(own, truth.boxes, ignored: truth.ignoredBoxes, labels: labels), own)
    }
  }

  /// For the boxes of the first look, picture by picture.
  func second(_ proposals: [Boxes], _ valid: [[Bool]], _ truths: [GroundTruth], _ classes: Int) throws
    -> Targets
  {
    try targets(valid, truths, classes, settings.second.positiveWeight) { image, places in
      let (truth, own) = (truths[image], proposals[image][places])
      return (
        refineAssigner.assign(
          own, truth.boxes, ignored: truth.ignoredBoxes, labels: samples ? nil : truth.labels), own
      )
    }
  }

  private func targets(
    _ valid: [[Bool]], _ truths: [GroundTruth], _ classes: Int, _ positiveWeight: Float,
    _ assign: (_ image: Int, _ places: [Int]) throws -> (AssignResult, Boxes)
  ) throws -> Targets {
    let images = try truths.indices.map { image -> AnchorTargets in
      let places = valid[image].indices.filter { valid[image][$0] }
      guard !places.isEmpty else { throw InvalidConfig("RepPointsHead: no point lies within the picture") }
      let (assigned, boxes) = try assign(image, places)
      let sampling = try sampler.sample(assigned, boxes, truths[image].boxes)
      let count = valid[image].count
      var targets = AnchorTargets(
        labels: [Int64](repeating: Int64(classes), count: count),
        labelWeights: [Float](repeating: 0, count: count),
        boxTargets: [Float](repeating: 0, count: 4 * count),
        boxWeights: [Float](repeating: 0, count: 4 * count),
        sampling: sampling)
      for (index, row) in sampling.posIndices.enumerated() {
        let (place, box) = (places[row], sampling.posTruthBoxes[index])
        targets.labels[place] = Int64(truths[image].labels[sampling.posTruthIndices[index]])
        targets.labelWeights[place] = positiveWeight <= 0 ? 1 : positiveWeight
        for (side, value) in [box.x1, box.y1, box.x2, box.y2].enumerated() {
          targets.boxTargets[4 * place + side] = value
          targets.boxWeights[4 * place + side] = 1
        }
      }
      for row in sampling.negIndices { targets.labelWeights[places[row]] = 1 }
      return targets
    }
    let positives = images.reduce(0) { $0 + max($1.positiveCount, 1) }
    let negatives = images.reduce(0) { $0 + max($1.negativeCount, 1) }
    return Targets(images: images, factor: Double(samples ? positives + negatives : positives))
  }
}
