import Core
import PyConfig

/// A second stage that refines masks point by point where they are uncertain.
///
/// Kirillov et al., 2019 (<https://arxiv.org/abs/1912.08193>). Mirrors mmdet's `PointRendRoIHead`.
public final class PointRendRoIHead: StandardRoIHead {
  public struct Config: ConfigRecord, Sendable {
    public var base: StandardRoIHead.Config
    public var pointHead: Component

    public init(from reader: inout ConfigReader) throws {
      pointHead = try reader.component("point_head")
      base = try StandardRoIHead.Config(from: &reader)
      guard base.maskHead != nil, base.maskExtractor != nil else {
        throw reader.invalid("mask_head and mask_roi_extractor must be given")
      }
      if let training = base.training, training.points == nil {
        throw reader.invalid(
          "must have num_points, oversample_ratio and importance_sample_ratio", key: "train_cfg")
      }
      if let testing = base.testing, testing.points == nil {
        throw reader.invalid(
          "must have subdivision_steps, subdivision_num_points and scale_factor", key: "test_cfg")
      }
    }
  }

  let pointHead: MaskPointHead

  public init(_ config: Config, _ context: BuildContext) throws {
    pointHead = try config.pointHead.build(context.registries.maskPointHeads, context)
    try super.init(config.base, context)
    guard let maskHead, pointHead.config.classes == maskHead.classes else {
      throw InvalidConfig(
        "point_head.num_classes must be that of mask_head, found \(pointHead.config.classes)")
    }
  }

  /// What the levels say at points of regions, one level's channels behind the other's.
  private func fineFeatures(_ features: [Tensor], _ rois: RoIs, _ points: [Float]) -> Tensor {
    guard let maskRoiExtractor else { preconditionFailure("PointRendRoIHead: there is a mask extractor") }
    let parts = zip(features, maskRoiExtractor.strides).map {
      PointSampling.sample($0, rois, points, scale: Float(1 / Double($1)))
    }
    return parts.count == 1 ? parts[0] : Tensor.concatenate(parts, axis: 2)
  }

  override func addingMaskLosses(
    to terms: LossTerms, _ features: [Tensor], _ samples: [SamplingResult], _ boxFeatures: Tensor,
    _ truths: [GroundTruth]
  ) throws -> LossTerms {
    let training = try requireTraining().training
    guard let maskHead, let config = training.points else { return terms }
    let labels = samples.flatMap { $0.posLabels ?? [] }
    let coarse = maskHead(maskTrainingFeatures(features, samples, boxFeatures))
    var terms = terms
    terms.merge(
      try maskHead.losses(
        own: CoarseMaskHead.own(coarse, labels), targets: MaskTargets.make(samples, truths, training)))
    let points = trainingPoints(coarse.detached(), labels, config)
    let rois = RoIs(samples.map(\.posBoxes))
    guard !rois.isEmpty else {
      terms["loss_point"] = coarse.sum() * 0
      return terms
    }
    let logits = pointHead(fineFeatures(features, rois, points), PointSampling.sample(own: coarse, points))
    let targets = try Self.targets(rois, points, samples, truths)
    terms["loss_point"] = try pointHead.loss(pointHead.own(logits, labels), targets)
    return terms
  }

  /// Random points of each region, most of them where its own mask is uncertain.
  private func trainingPoints(_ coarse: Tensor, _ labels: [Int], _ config: PointTrainConfig) -> [Float] {
    var generator = RandomGenerator(seed: RandomSource.current.next())
    let (n, classes) = (labels.count, coarse.shape[1])
    guard n > 0 else { return [] }
    func random(_ count: Int) -> [Float] { (0..<2 * count).map { _ in Float(generator.uniform(0, 1)) } }
    let looked = Int(Double(config.count) * config.oversampling),
      uncertain = Int(config.uncertainShare * Double(config.count))
    let candidates = random(n * looked)
    let logits = PointSampling.sample(own: coarse, candidates).floats
    var points: [Float] = []
    points.reserveCapacity(2 * n * config.count)
    for region in 0..<n {
      let certainty = (0..<looked).map {
        abs(logits[(region * looked + $0) * classes + (classes == 1 ? 0 : labels[region])])
      }
      for point in topIndices(certainty.map { -$0 }, uncertain) {
        points += candidates[2 * (region * looked + point)..<2 * (region * looked + point) + 2]
      }
      points += random(config.count - uncertain)
    }
    return points
  }

  /// The objects' masks at points of their regions, `[regions, points]`.
  private static func targets(
    _ rois: RoIs, _ points: [Float], _ samples: [SamplingResult], _ truths: [GroundTruth]
  ) throws
    -> Tensor
  {
    let count = points.count / 2 / rois.count
    var (values, region): ([Float], Int) = ([], 0)
    for (sample, truth) in zip(samples, truths) where !sample.posBoxes.isEmpty {
      guard let masks = try truth.masks?.rasterized(), case .bitmaps(let bitmaps) = masks.shapes else {
        throw InvalidConfig("the pipeline must collect gt_masks to train a mask head")
      }
      let (height, width) = (masks.height, masks.width)
      for object in sample.posTruthIndices {
        let box = rois[box: region], bitmap = bitmaps[object]
        for point in region * count..<(region + 1) * count {
          let x = points[2 * point] * box.width + box.x1 - 0.5,
            y = points[2 * point + 1] * box.height + box.y1 - 0.5
          let left = x.rounded(.down), top = y.rounded(.down)
          func at(_ dy: Float, _ dx: Float) -> Float {
            let (row, column) = (top + dy, left + dx)
            guard row >= 0, row < Float(height), column >= 0, column < Float(width) else { return 0 }
            return Float(bitmap[Int(row) * width + Int(column)])
          }
          let (wx, wy) = (x - left, y - top)
          values.append(
            (1 - wy) * ((1 - wx) * at(0, 0) + wx * at(0, 1)) + wy * ((1 - wx) * at(1, 0) + wx * at(1, 1)))
        }
        region += 1
      }
    }
    return Tensor(values, shape: [region, count])
  }

  /// Coarse masks, enlarged step by step, with the most uncertain points worked out anew.
  override func predictedMasks(_ features: [Tensor], _ rois: RoIs, _ labels: [Int], _ config: RCNNTestConfig)
    throws -> Tensor
  {
    guard let maskHead, let config = config.points else {
      throw InvalidConfig("test_cfg.rcnn must have subdivision_steps")
    }
    let coarse = maskHead(maskFeatures(features, rois))
    let n = rois.count
    var refined = CoarseMaskHead.own(coarse, labels)
    for step in 0..<config.steps {
      refined = refined.unsqueezed(1).interpolate(
        scaleFactor: ScaleFactor(Double(config.factor)), mode: .bilinear)
      let (h, w) = (refined.shape[2], refined.shape[3])
      refined = refined.reshaped([n, h, w])
      if config.count >= config.factor * config.factor * h * w, step < config.steps - 1 { continue }
      let count = min(h * w, config.count)
      let indices = (refined.absolute() * -1).reshaped([n, h * w]).topK(count, axis: 1).indices.elements(
        as: Int64.self)
      let points = indices.flatMap { index -> [Float] in
        let (row, column) = (Int(index) / w, Int(index) % w)
        return [(Float(column) + 0.5) / Float(w), (Float(row) + 0.5) / Float(h)]
      }
      let logits = pointHead(fineFeatures(features, rois, points), PointSampling.sample(own: coarse, points))
      let own = pointHead.own(logits, labels)
      refined = refined.reshaped([n, h * w]).scattered(1, Tensor(indices, shape: [n, count]), own).reshaped([
        n, h, w,
      ])
    }
    return refined
  }
}
