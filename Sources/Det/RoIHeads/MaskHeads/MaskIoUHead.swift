import Core
import PyConfig

/// Judges predicted masks: how much each overlaps the object's own.
///
/// Huang et al., 2019, section 3.2 (<https://arxiv.org/abs/1903.00241>). Mirrors mmdet's `MaskIoUHead`.
///
/// - Input: what the mask head saw, `[regions, inChannels, h, w]`, and logits of the region's class, `[regions, 2h, 2w]`
/// - Output: overlaps `[regions, classes]`
public final class MaskIoUHead: Module, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var convs, layers, inChannels, channels, width, classes: Int
    public var featureSize: Pair
    public var loss: Component
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      convs = try reader.integer("num_convs", default: 4, in: 1...100)
      layers = try reader.integer("num_fcs", default: 2, in: 1...100)
      featureSize = try reader.value("roi_feat_size", default: 14)
      guard featureSize.array.allSatisfy({ (2...1024).contains($0) }) else {
        throw reader.invalid("must be 2 to 1024, found \(featureSize)", key: "roi_feat_size")
      }
      inChannels = try reader.integer("in_channels", default: 256, in: 1...(1 << 20))
      channels = try reader.integer("conv_out_channels", default: 256, in: 1...(1 << 20))
      width = try reader.integer("fc_out_channels", default: 1024, in: 1...(1 << 20))
      classes = try reader.integer("num_classes", default: 80, in: 1...1_000_000)
      loss = try reader.component("loss_iou", default: ["type": "MSELoss", "loss_weight": 0.5])
      initialization = try reader.initialization(default: [
        .override("convs", .kaiming(a: 0, .fanOut, .relu, .normal)), .override("fcs", .caffe2Xavier),
        .override("fc_mask_iou", .normal(mean: 0, std: 0.01)),
      ])
    }
  }

  let convs: ModuleList<Conv2d>
  let fcs: ModuleList<Linear>
  let fcMaskIou: Linear
  let lossIou: any DetectionLoss
  private let config: Config

  public init(_ config: Config, _ context: BuildContext) throws {
    self.config = config
    convs = ModuleList(
      (0..<config.convs).map { index in
        // The mask is one more channel; the last convolution halves the size.
        Conv2d(
          index == 0 ? config.inChannels + 1 : config.channels, config.channels, kernel: 3,
          stride: index == config.convs - 1 ? 2 : 1, padding: 1)
      })
    let area = (config.featureSize.h / 2) * (config.featureSize.w / 2)
    fcs = ModuleList(
      (0..<config.layers).map { Linear($0 == 0 ? config.channels * area : config.width, config.width) })
    fcMaskIou = Linear(config.width, config.classes)
    lossIou = try config.loss.build(context.registries.detectionLosses, context)
  }

  public func callAsFunction(_ features: Tensor, _ logits: Tensor) -> Tensor {
    let mask = logits.sigmoid().unsqueezed(1).maxPool2d(2, stride: 2)
    var x = Tensor.concatenate([features, mask], axis: 1)
    for conv in convs { x = conv(x).relu() }
    x = x.flattened(from: 1)
    for layer in fcs { x = layer(x).relu() }
    return fcMaskIou(x)
  }

  /// The overlaps of the regions' own classes, `[regions]`.
  func own(_ overlaps: Tensor, _ labels: [Int]) -> Tensor {
    let classes = overlaps.shape[1]
    return overlaps.reshaped([overlaps.shape[0] * classes])
      .indexSelected(0, labels.enumerated().map { $0 * classes + $1 })
  }

  /// - Parameters:
  ///   - overlaps: predicted, of the regions' own classes.
  ///   - targets: as many numbers.
  func loss(_ overlaps: Tensor, _ targets: [Float]) throws -> Tensor {
    let positives = targets.indices.filter { targets[$0] > 0 }
    guard !positives.isEmpty else { return overlaps.sum() * 0 }
    return try lossIou(overlaps.indexSelected(0, positives), values: Tensor(positives.map { targets[$0] }))
  }

  /// How much the predicted masks overlap the objects'. Mirrors `get_targets`.
  ///
  /// The part of an object outside of its region is known by the ratio of areas.
  /// - Parameters:
  ///   - logits: `[regions, h, w]`. As in the original they are held against the threshold as they are.
  ///   - targets: the objects' masks within the regions, of the same shape.
  func targets(
    _ samples: [SamplingResult], _ truths: [GroundTruth], logits: Tensor, targets: Tensor, threshold: Float
  ) throws -> [Float] {
    let (predicted, wanted) = (logits.detached().floats, targets.floats)
    let area = logits.shape[1] * logits.shape[2]
    return try Self.ratios(samples, truths).enumerated().map { index, ratio in
      var (own, both, object): (Float, Float, Float) = (0, 0, 0)
      for pixel in index * area..<(index + 1) * area {
        let isIn: Float = predicted[pixel] > threshold ? 1 : 0
        own += isIn
        both += isIn * wanted[pixel]
        object += wanted[pixel]
      }
      return both / (own + object / (ratio + 1e-7) - both)
    }
  }

  /// For each positive region how much of its object lies within.
  private static func ratios(_ samples: [SamplingResult], _ truths: [GroundTruth]) throws -> [Float] {
    try zip(samples, truths).flatMap { sample, truth -> [Float] in
      if sample.posBoxes.isEmpty { return [] }
      guard let masks = truth.masks else {
        throw InvalidConfig("the pipeline must collect gt_masks to train a mask head")
      }
      let areas = masks.areas
      return sample.posBoxes.indices.map { index in
        let (box, object) = (sample.posBoxes[index], sample.posTruthIndices[index])
        let inside = masks[object].cropped(
          x1: pixel(box.x1), y1: pixel(box.y1), x2: pixel(box.x2), y2: pixel(box.y2))
        return Float(inside.areas[0] / (areas[object] + 1e-7))
      }
    }
  }

  /// A whole coordinate; what is not a number or far outside is moved to where it can be one.
  private static func pixel(_ value: Float) -> Int { value.isNaN ? 0 : Int(min(max(value, -1e6), 1e6)) }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

extension InstanceMasks {
  /// The mask of one object.
  subscript(index: Int) -> InstanceMasks {
    switch shapes {
    case .polygons(let objects): InstanceMasks(.polygons([objects[index]]), height: height, width: width)
    case .bitmaps(let objects): InstanceMasks(.bitmaps([objects[index]]), height: height, width: width)
    }
  }
}

extension Registries {
  /// Heads that judge masks (`roi_head.mask_iou_head`).
  public var maskIoUHeads: Registry<MaskIoUHead> {
    get { self[MaskIoUHead.self, role: "mask IoU head"] }
    set { self[MaskIoUHead.self, role: "mask IoU head"] = newValue }
  }
}
