import Core
import PyConfig

/// A second stage that finds the sides of boxes by points of a grid.
///
/// Lu et al., 2018 (<https://arxiv.org/abs/1811.12030>). Mirrors mmdet's `GridRoIHead`.
public final class GridRoIHead: StandardRoIHead {
  public struct Config: ConfigRecord, Sendable {
    public var base: StandardRoIHead.Config
    public var gridExtractor: Component?
    public var gridHead: Component

    public init(from reader: inout ConfigReader) throws {
      gridExtractor = reader.optionalComponent("grid_roi_extractor")
      gridHead = try reader.component("grid_head")
      base = try StandardRoIHead.Config(from: &reader)
      if let training = base.training, training.grid == nil {
        throw reader.invalid("must have a pos_radius", key: "train_cfg")
      }
    }
  }

  let gridRoiExtractor: any RoIExtractor
  let gridHead: GridHead
  /// Whether boxes are moved a little at random before grids are learnt on them.
  var jitters = true

  public init(_ config: Config, _ context: BuildContext) throws {
    let own = try config.gridExtractor?.build(context.registries.roiExtractors, context)
    gridHead = try config.gridHead.build(context.registries.gridHeads, context)
    // The box head's extractor has no parameters of its own, so a second one is the same.
    gridRoiExtractor = try own ?? config.base.boxExtractor.build(context.registries.roiExtractors, context)
    try super.init(config.base, context)
    guard gridRoiExtractor.output == Pair(gridHead.config.featureSize) else {
      throw InvalidConfig(
        "grid_head.roi_feat_size must be the output size of its extractor, \(gridRoiExtractor.output), "
          + "found \(gridHead.config.featureSize)")
    }
  }

  public override func check(channels: [Int]) throws {
    try super.check(channels: channels)
    try gridRoiExtractor.check(channels: channels)
  }

  private func gridFeatures(_ features: [Tensor], _ rois: RoIs) -> Tensor {
    let x = gridRoiExtractor(features, rois)
    return sharedHead.map { $0(x) } ?? x
  }

  public override func losses(_ features: [Tensor], _ proposals: [Proposals], _ batch: DetectionBatch) throws
    -> LossTerms
  {
    let truths = try batch.requireTruths(), training = try requireTraining().training
    var (samples, _) = try sample(features, proposals, truths)
    var (terms, seen) = try boxLosses(features, samples)
    if jitters {
      var generator = RandomGenerator(seed: RandomSource.current.next())
      for image in samples.indices {
        samples[image].posBoxes = Self.jittered(samples[image].posBoxes, batch.metas[image].size, &generator)
      }
    }
    let boxes = Boxes(samples.flatMap(\.posBoxes.values)),
      objects = Boxes(samples.flatMap(\.posTruthBoxes.values))
    if !boxes.isEmpty, let config = training.grid {
      var chosen = Array(boxes.indices)
      if chosen.count > config.count {
        var generator = RandomGenerator(seed: RandomSource.current.next())
        chosen = Array(generator.permutation(chosen.count).prefix(config.count))
      }
      let predicted = gridHead(gridFeatures(features, RoIs(samples.map(\.posBoxes))[chosen]))
      terms["loss_grid"] = try gridHead.loss(
        predicted, gridHead.targets(boxes[chosen], objects[chosen], radius: config.radius))
    }
    return try addingMaskLosses(to: terms, features, samples, seen, truths)
  }

  /// Boxes moved and resized by up to 15 % of their sides.
  private static func jittered(_ boxes: Boxes, _ size: Pair, _ generator: inout RandomGenerator) -> Boxes {
    var result = Boxes()
    for index in boxes.indices {
      let box = boxes[index]
      func offset(_ generator: inout RandomGenerator) -> Float { Float(generator.uniform(-0.15, 0.15)) }
      let (width, height) = (abs(box.width), abs(box.height))
      let x = (box.x1 + box.x2) / 2 + width * offset(&generator),
        y = (box.y1 + box.y2) / 2 + height * offset(&generator)
      let w = width * (1 + offset(&generator)), h = height * (1 + offset(&generator))
      func clip(_ value: Float, _ most: Int) -> Float { min(max(value, 0), Float(most - 1)) }
      result.append(
        Box(
          clip(x - w / 2, size.w), clip(y - h / 2, size.h), clip(x + w / 2, size.w), clip(y + h / 2, size.h)))
    }
    return result
  }

  public override func detections(
    _ features: [Tensor], _ proposals: [Proposals], _ metas: [ImageMeta], rescale: Bool
  ) throws -> [Detections] {
    let config = try requireTesting()
    let plain = try boxDetections(features, proposals, metas, config, rescale: false)
    let rois = RoIs(plain.map(\.boxes))
    var found = plain
    if !rois.isEmpty {
      let logits = gridHead(gridRoiExtractor(features, rois)).fused
      var start = 0
      for image in found.indices where found[image].count > 0 {
        let rows = start..<start + found[image].count
        start = rows.upperBound
        let boxes = gridHead.boxes(found[image].boxes, logits.sliced(0, rows))
        found[image].boxes = rescale ? boxes.divided(by: metas[image].scaleFactor) : boxes
      }
    }
    guard maskHead != nil else { return found }
    // As in the original, masks are predicted in the boxes before the grid.
    let masked = try addingMasks(to: plain, features, metas, config, rescale: rescale)
    for image in found.indices { found[image].masks = masked[image].masks }
    return found
  }

  public override func forwardDummy(_ features: [Tensor], _ proposals: Boxes) {
    super.forwardDummy(features, proposals)
    let rois = RoIs([proposals])
    _ = gridHead(gridFeatures(features, rois[Array(0..<min(100, rois.count))]))
  }
}
