import Core

/// A head that ends in a 1x1 convolution: what most decode heads share.
///
/// Mirrors mmseg's `BaseDecodeHead`: which feature maps are used, the classification of pixels with dropout, the
/// losses on scores of the label map's size. A subclass overrides `pixelFeatures`, or `callAsFunction` where it
/// ends otherwise.
open class BaseDecodeHead: DecodeHead, ConfiguredModule {
  /// The classification of pixels; `nil` in heads that end otherwise.
  let convSeg: Conv2d?
  public let config: DecodeHeadConfig
  public let lossFunctions: [any SegmentationLoss]
  let sampler: (any PixelSampler)?
  let dropout: Dropout2d?

  /// - Throws: `BuildError` where a loss or the sampler cannot be built.
  public init(_ config: DecodeHeadConfig, _ context: BuildContext, classifiesPixels: Bool = true) throws {
    self.config = config
    convSeg = classifiesPixels ? Conv2d(config.channels, config.outChannels, kernel: 1) : nil
    var losses: [any SegmentationLoss] = []
    for box in config.losses {
      guard let node = box.node else { continue }
      losses.append(try context.registries.segmentationLosses.build(node, path: box.path, context: context))
    }
    lossFunctions = config.losses.isEmpty ? [CrossEntropyLoss()] : losses
    sampler = try config.sampler.node.map {
      try context.registries.pixelSamplers.build($0, path: config.sampler.path, context: context)
    }
    dropout = config.dropout > 0 ? Dropout2d(config.dropout) : nil
    super.init(
      classes: config.classes, outChannels: config.outChannels, threshold: config.threshold,
      alignCorners: config.alignCorners)
  }

  // MARK: - Features

  /// The feature maps that the config asks for.
  ///
  /// - Throws: `InvalidConfig` where there is no such map or it has other channels.
  public func selected(_ features: [Tensor]) throws -> [Tensor] {
    try zip(config.inputIndices, config.inputChannels).map { index, channels in
      let at = index < 0 ? index + features.count : index
      guard features.indices.contains(at) else {
        throw InvalidConfig("in_index must be that of one of \(features.count) feature maps, found \(index)")
      }
      guard features[at].rank == 4, features[at].shape[1] == channels else {
        throw InvalidConfig(
          "in_channels must be that of feature map \(index), \(features[at].shape[1]), found \(channels)")
      }
      return features[at]
    }
  }

  /// The one input of a head that takes one: a feature map, or several resized and put behind each other.
  public func input(_ features: [Tensor]) throws -> Tensor {
    let maps = try selected(features)
    if config.transform != .resizeConcat { return maps[0] }
    return .concatenate(maps.map { $0.resized(like: maps[0], alignCorners: alignCorners) }, axis: 1)
  }

  /// What is classified: `[N, channels, h, w]`.
  open func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    preconditionFailure("\(type(of: self)).pixelFeatures: a decode head must override it")
  }

  /// Scores `[N, outChannels, h, w]` of such features.
  public func classify(_ x: Tensor) -> Tensor {
    guard let convSeg else { preconditionFailure("\(type(of: self)).classify: the head has no conv_seg") }
    return convSeg(dropout.map { $0(x) } ?? x)
  }

  /// Scores `[N, outChannels, h, w]`.
  open func callAsFunction(_ features: [Tensor]) throws -> Tensor { classify(try pixelFeatures(features)) }

  open override func predict(_ features: [Tensor], previous: Tensor?, _ settings: TestSettings) throws
    -> Tensor
  {
    try self(features)
  }

  // MARK: - Losses

  open override func losses(
    _ features: [Tensor], previous: Tensor?, labels: Tensor, _ settings: TrainSettings
  ) throws -> LossTerms {
    try losses(of: self(features), labels: labels)
  }

  /// The losses of scores `[N, outChannels, h, w]`, resized to the labels `[N, 1, H, W]`, and `acc_seg`.
  public func losses(of scores: Tensor, labels: Tensor) throws -> LossTerms {
    guard labels.rank == 4, labels.shape[1] == 1, labels.shape[0] == scores.shape[0] else {
      throw InvalidConfig("label maps must be [\(scores.shape[0]), 1, H, W], found \(labels.shape)")
    }
    let scores = scores.resized(like: labels, alignCorners: alignCorners)
    let classes = labels.squeezed(1)
    let weight = try sampler?.weights(scores, classes, ignored: config.ignored, losses: lossFunctions)
    var terms = LossTerms()
    for loss in lossFunctions {
      let value = try loss(scores, classes, weight: weight, ignored: config.ignored)
      terms[loss.name] = terms[loss.name].map { $0 + value } ?? value
    }
    terms["acc_seg"] = PixelLabels.accuracy(scores, classes, ignored: config.ignored)
    return terms
  }

  // MARK: - First values

  open var initialization: [InitConfig] { config.initialization }

  open override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}
