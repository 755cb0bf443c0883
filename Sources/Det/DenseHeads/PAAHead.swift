import Core
import Foundation
import PyConfig

/// `ATSSHead` trained on the anchors whose losses two normal distributions tell from the others.
///
/// Kim and Lee, 2020 (<https://arxiv.org/abs/2007.08103>). Mirrors mmdet's `PAAHead`.
public final class PAAHead: ATSSHead {
  public struct PAAConfig: ConfigRecord, Sendable {
    var atss: ATSSHead.Config
    /// Anchors of each level among which those of an object are chosen.
    var candidates: Int
    var votes: Bool
    var isTied: Bool

    public init(from reader: inout ConfigReader) throws {
      candidates = try reader.count("topk", default: 9, in: 1...100_000)
      votes = try reader.value("score_voting", default: true)
      let kind = try reader.value("covariance_type", default: "diag")
      guard ["full", "tied", "diag", "spherical"].contains(kind) else {
        throw reader.invalid(
          "must be one of full, tied, diag, spherical, found '\(kind)'", key: "covariance_type")
      }
      isTied = kind == "tied"
      atss = try ATSSHead.Config(from: &reader)
    }
  }

  private let settings: PAAConfig

  init(_ config: PAAConfig, _ context: BuildContext) throws {
    settings = config
    try super.init(config.atss, context)
  }

  /// Any assigner of boxes will do for the first choice.
  override func sample(_ anchors: Boxes, _ truth: GroundTruth, counts: [Int]) throws -> (
    AssignResult, SamplingResult
  ) {
    guard let assigner = parts.assigner as? any BoxAssigner else {
      throw InvalidConfig("PAAHead needs a MaxIoUAssigner in train_cfg")
    }
    let assigned = assigner.assign(anchors, truth.boxes, ignored: truth.ignoredBoxes, labels: truth.labels)
    return (assigned, try parts.sampler.sample(assigned, anchors, truth.boxes))
  }

  // MARK: Training

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    let anchors = try levelAnchors(outputs.sizes)
    var targets = try targets(anchors, outputs.sizes, truths, metas)
    let all = Boxes(anchors.flatMap(\.values))
    let counts = anchors.map(\.count)
    func flat(_ levels: [Tensor], _ image: Int, _ width: Int) -> Tensor {
      Tensor.concatenate(levels.map { $0.selected(0, image).permuted([1, 2, 0]).reshaped([-1, width]) })
    }
    var count = 0
    let scores = truths.indices.map { flat(outputs.scores, $0, scoreChannels) }
    let codes = truths.indices.map { flat(outputs.boxes, $0, 4) }
    for image in truths.indices {
      let losses = try withoutGradient {
        try positiveLosses(scores[image].detached(), codes[image].detached(), all, targets[image])
      }
      count += reassign(&targets[image], losses, counts)
    }
    let quality = Tensor.concatenate(truths.indices.map { flat(outputs.factors ?? [], $0, 1) })
    let labels = targets.flatMap(\.labels)
    var terms = LossTerms()
    terms["loss_cls"] = try lossCls(
      Tensor.concatenate(scores), labels: Tensor(labels), weight: Tensor(targets.flatMap(\.labelWeights)),
      averageFactor: Double(max(count, metas.count)))
    let allCodes = Tensor.concatenate(codes)
    if count == 0 {
      terms["loss_bbox"] = allCodes.sum() * 0
      terms["loss_iou"] = quality.sum() * 0
      return terms
    }
    let positives = labels.indices(where: { $0 >= 0 && $0 < classes })
    let boxes = boxCoder.decode(
      all[positives.map { $0 % all.count }].tensor, allCodes.indexSelected(0, positives))
    let wanted = Tensor(targets.flatMap(\.boxTargets), shape: [labels.count, 4]).indexSelected(0, positives)
    let overlaps = withoutGradient { boxes.detached().alignedOverlaps(wanted) }
    terms["loss_bbox"] = try lossBbox(
      boxes, values: wanted, weight: overlaps.clamped(min: 1e-12), averageFactor: Double(overlaps.sum().item))
    terms["loss_iou"] = try lossCenterness(
      quality.indexSelected(0, positives), values: overlaps.unsqueezed(1), averageFactor: Double(count))
    return terms
  }

  /// Classification plus box loss of each positive anchor, in the order of their places.
  private func positiveLosses(_ scores: Tensor, _ codes: Tensor, _ anchors: Boxes, _ target: AnchorTargets)
    throws
    -> [Float]
  {
    let places = target.labels.indices(where: { $0 >= 0 && $0 < classes })
    if places.isEmpty { return [] }
    let boxes = boxCoder.decode(anchors[places].tensor, codes.indexSelected(0, places))
    let weights = Tensor(
      places.flatMap { target.boxWeights[(4 * $0)..<(4 * $0 + 4)] }, shape: [places.count, 4])
    let wanted = Tensor(
      places.flatMap { target.boxTargets[(4 * $0)..<(4 * $0 + 4)] }, shape: [places.count, 4])
    let cls = try lossCls(
      scores.indexSelected(0, places), labels: Tensor(places.map { target.labels[$0] }),
      weight: Tensor(places.map { target.labelWeights[$0] }), averageFactor: 1, reduction: LossReduction.none)
    let box = try lossBbox(
      boxes, values: wanted, weight: weights, averageFactor: 1, reduction: LossReduction.none)
    return (box + cls.sum([1])).floats
  }

  /// Turns anchors that do not fit into background; returns how many remain positive.
  private func reassign(_ target: inout AnchorTargets, _ losses: [Float], _ counts: [Int]) -> Int {
    let places = target.labels.indices(where: { $0 >= 0 && $0 < classes })
    if places.isEmpty { return 0 }
    let ranges = levelRanges(counts)
    // Objects in the order of the sampled anchors, which is that of their places.
    let objects = target.sampling.posTruthIndices
    var kept: [Int] = []
    for object in 0...(objects.max() ?? 0) {
      var chosen: [Int] = []
      for range in ranges {
        let members = places.indices.filter { objects[$0] == object && range.contains(places[$0]) }
        chosen += torchTopK(members.map { losses[$0] }, settings.candidates, largest: false).map {
          members[$0]
        }
      }
      if chosen.count < 2 { continue }
      chosen = smallestIndices(chosen.map { losses[$0] }, chosen.count).map { chosen[$0] }
      kept += separate(chosen.map { Double(losses[$0]) }).map { chosen[$0] }
    }
    let positive = Set(kept)
    for (index, place) in places.enumerated() where !positive.contains(index) {
      target.labels[place] = Int64(classes)
      for side in 0..<4 { target.boxWeights[4 * place + side] = 0 }
    }
    return kept.count
  }

  /// Of losses in ascending order those that belong to the better anchors, up to the most probable one.
  private func separate(_ losses: [Double]) -> [Int] {
    var mixture = GaussianMixture(means: (losses[0], losses[losses.count - 1]), isTied: settings.isTied)
    mixture.fit(losses)
    let classified = losses.map { mixture.classify($0) }
    let better = losses.indices.filter { classified[$0].component == 0 }
    guard
      let best = better.indices.max(by: {
        (classified[better[$0]].logDensity, $1) < (classified[better[$1]].logDensity, $0)
      })
    else { return [] }
    return Array(better[...best])
  }

  // MARK: Detections

  override func candidates(_ outputs: DenseOutputs, image: Int, _ meta: ImageMeta, _ config: DenseTestConfig)
    throws
    -> Candidates
  {
    let anchors = try levelAnchors(outputs.sizes)
    var found = Candidates()
    for level in outputs.scores.indices {
      let scores = rows(outputs.scores[level], image, width: scoreChannels).sigmoid()
      let factors = rows(outputs.factors?[level] ?? outputs.boxes[level], image, width: 1).sigmoid()
      let all = (scores * factors).squareRoot()
      var kept = Array(0..<scores.shape[0])
      if config.candidates > 0 && config.candidates < kept.count {
        kept = torchTopK(all.maximum(along: 1).values.floats, config.candidates, largest: true)
      }
      let codes = rows(outputs.boxes[level], image, width: 4).indexSelected(0, kept)
      let boxes = Boxes(boxCoder.decode(anchors[level][kept].tensor, codes, maxShape: meta.size))
      let values = all.indexSelected(0, kept).floats
      for row in kept.indices {
        for label in 0..<classes where values[row * scoreChannels + label] > config.scoreThreshold {
          found.boxes.append(boxes[row])
          found.scores.append(values[row * scoreChannels + label])
          found.labels.append(label)
        }
      }
    }
    return found
  }

  override func finish(
    _ found: Candidates, _ meta: ImageMeta, _ config: DenseTestConfig, rescale: Bool, suppress: Bool
  )
    -> Detections
  {
    var found = found
    if rescale { found.boxes = found.boxes.divided(by: meta.scaleFactor) }
    let detections = super.finish(found, meta, config, rescale: false, suppress: suppress)
    return suppress && settings.votes && detections.count > 0 ? voted(detections, found) : detections
  }

  /// Each box becomes the mean of all candidates of its class that overlap it, weighted by overlap and score; boxes come
  /// class by class.
  private func voted(_ detections: Detections, _ candidates: Candidates) -> Detections {
    var result = Detections()
    let byClass = Dictionary(grouping: candidates.labels.indices) { candidates.labels[$0] }
    for label in 0..<classes {
      guard let members = byClass[label] else { continue }
      let own = detections.labels.indices.filter { detections.labels[$0] == label }
      let boxes = candidates.boxes[members]
      let overlaps = BoxKernels.overlaps(detections.boxes[own].values, boxes.values)
      for (row, detection) in own.enumerated() {
        var (total, sums): (Float, [Float]) = (0, [0, 0, 0, 0])
        for (column, member) in members.enumerated() {
          let overlap = overlaps[row * members.count + column]
          guard overlap > 0.01 else { continue }
          let weight = expf(-((1 - overlap) * (1 - overlap)) / 0.025) * candidates.scores[member]
          total += weight
          for side in 0..<4 { sums[side] += weight * boxes.values[4 * column + side] }
        }
        // A box without an area overlaps nothing, not even itself; in the original it becomes what is no number.
        result.boxes.append(
          total > 0
            ? Box(sums[0] / total, sums[1] / total, sums[2] / total, sums[3] / total)
            : detections.boxes[detection])
        result.scores.append(detections.scores[detection])
        result.labels.append(label)
      }
    }
    return result
  }

  /// The original refuses it: views cannot be merged without suppression in each.
  public override func detections(views: [(features: [Tensor], meta: ImageMeta)]) throws -> Detections {
    throw InvalidConfig("PAAHead does not support test-time augmentation")
  }
}
