import Core
import PyConfig

/// A single-stage detector whose training pictures change their size now and then.
///
/// Ge et al., 2021 (<https://arxiv.org/abs/2107.08430>). Mirrors mmdet's `YOLOX`.
public final class YOLOX: Module, Detector {
  struct Config: ConfigRecord, Sendable {
    var detector: SingleStageDetector.Config
    var inputSize: Pair
    var multiplier: Int
    /// Between how many and how many multipliers high pictures become.
    var range: ClosedRange<Int>
    /// After how many iterations the size changes.
    var interval: Int

    init(from reader: inout ConfigReader) throws {
      inputSize = try reader.value("input_size", default: 640)
      guard inputSize.h > 0, inputSize.w > 0 else {
        throw reader.invalid("must be positive", key: "input_size")
      }
      multiplier = try reader.count("size_multiplier", default: 32, in: 1...10000)
      let bounds = try reader.value("random_size_range", default: [15, 25])
      guard bounds.count == 2, bounds[0] > 0, bounds[0] <= bounds[1], bounds[1] <= 10000 else {
        throw reader.invalid("must be two positive numbers, the lower first", key: "random_size_range")
      }
      range = bounds[0]...bounds[1]
      interval = try reader.count("random_size_interval", default: 10, in: 1...1_000_000_000)
      detector = try SingleStageDetector.Config(from: &reader)
    }
  }

  let backbone: any Backbone
  let neck: (any Neck)?
  let bboxHead: any DenseHead
  public let initialization: [InitConfig]
  private let config: Config
  private var size: Pair
  private var iteration = 0

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.detector.base
    backbone = try base.makeBackbone(context)
    neck = try base.makeNeck(context)
    bboxHead = try config.detector.head.build(context.registries.denseHeads, context)
    initialization = base.initialization
    (self.config, size) = (config, config.inputSize)
    super.init()
    try DetectorBase.check(backbone, neck, bboxHead)
  }

  public var classes: Int? { bboxHead.classes }
  /// The head, whose `usesL1` the last epochs set.
  public var head: YOLOXHead? { bboxHead as? YOLOXHead }

  private func features(_ images: Tensor) throws -> [Tensor] {
    try check(images.shape)
    return try DetectorBase.features(images, backbone, neck)
  }

  public func losses(_ batch: DetectionBatch) throws -> LossTerms {
    let batch = resized(batch)
    let losses = try bboxHead.losses(features(batch.images), batch)
    if (iteration + 1) % config.interval == 0 { size = randomSize() }
    iteration += 1
    return losses
  }

  /// Pictures and boxes in the present size.
  private func resized(_ batch: DetectionBatch) -> DetectionBatch {
    let x = Float(Double(size.w) / Double(config.inputSize.w))
    let y = Float(Double(size.h) / Double(config.inputSize.h))
    if x == 1 && y == 1 { return batch }
    var batch = batch
    batch.images = batch.images.interpolate(size: size, mode: .bilinear)
    batch.truths = batch.truths?.map { truth in
      var truth = truth
      truth.boxes = truth.boxes.multiplied(by: [x, y, x, y])
      return truth
    }
    return batch
  }

  private func randomSize() -> Pair {
    var generator = RandomGenerator(seed: RandomSource.current.next())
    let units = generator.integer(config.range.lowerBound..<(config.range.upperBound + 1))
    let aspect = Double(config.inputSize.w) / Double(config.inputSize.h)
    return Pair(h: config.multiplier * units, w: config.multiplier * Int(aspect * Double(units)))
  }

  public func predict(_ batch: DetectionBatch, rescale: Bool) throws -> [Detections] {
    try withoutGradient {
      try bboxHead.detections(features(batch.images), batch.metas, rescale: rescale, suppress: true)
    }
  }

  public func predict(views: [DetectionBatch]) throws -> Detections {
    try withoutGradient { try bboxHead.detections(views: seen(views, features)) }
  }

  public func runDummy(_ images: Tensor) {
    let features = backbone(images)
    bboxHead.forwardDummy(neck.map { $0(features) } ?? features)
  }
}
