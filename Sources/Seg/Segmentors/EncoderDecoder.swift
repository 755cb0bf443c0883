import Core
import PyConfig

/// A backbone, perhaps a neck, and heads: from a picture to class scores of its pixels.
///
/// Mirrors mmseg's `EncoderDecoder` and, with several decode heads, `CascadeEncoderDecoder`, in which each head
/// sees the scores of the one before. Auxiliary heads take part in training only.
///
/// - Input: images `[N, C, H, W]`
public final class EncoderDecoder: Module, Segmentor {
  let backbone: any Backbone
  let neck: (any Neck)?
  /// One head, or a `ModuleList` of them in a cascade.
  @Named var decodeHead: Module
  @Named var auxiliaryHead: Module?
  let trainSettings: TrainSettings
  let testSettings: TestSettings
  /// Channels of the pictures that the model takes.
  public let inputChannels: Int?
  public let initialization: [InitConfig]

  /// - Throws: `BuildError` where a part cannot be built.
  public init(_ config: Config, _ context: BuildContext) throws {
    let registries = context.registries
    func build<Product>(_ box: ConfigNodeBox, _ registry: Registry<Product>) throws -> Product? {
      try box.node.map { try registry.build($0, path: box.path, context: context) }
    }
    func heads(_ boxes: [ConfigNodeBox]) throws -> [DecodeHead] {
      try boxes.compactMap { try build($0, registries.decodeHeads) }
    }
    guard let backbone = try build(config.backbone, registries.backbones) else {
      throw InvalidConfig("a segmentor needs a backbone")
    }
    self.backbone = backbone
    inputChannels = backbone.state.first { $0.value.value.shape.count == 4 }?.value.value.shape[1]
    neck = try config.neck.node.map {
      try registries.necks.buildRow($0, path: config.neck.path, context: context)
    }
    let stages = try heads(config.decodeHeads)
    guard let last = stages.last else { throw InvalidConfig("a segmentor needs a decode_head") }
    _decodeHead = Named("decode_head", config.isCascade ? ModuleList(stages) : last)
    let auxiliary = try heads(config.auxiliaryHeads)
    _auxiliaryHead = Named(
      "auxiliary_head", config.hasAuxiliaryList ? ModuleList(auxiliary) : auxiliary.first)
    trainSettings = config.trainSettings
    testSettings = config.testSettings
    initialization = config.initialization
  }

  /// The decode heads in order; one unless they are a cascade.
  var stages: [DecodeHead] {
    (decodeHead as? ModuleList<DecodeHead>)?.modules ?? [decodeHead as? DecodeHead].compactMap { $0 }
  }

  /// The head whose scores are the result.
  var lastHead: DecodeHead { stages[stages.count - 1] }

  public var classes: Int { lastHead.classes }

  /// What the heads see.
  ///
  /// - Throws: `InvalidConfig` where pictures of this shape cannot go through the model.
  func features(_ images: Tensor) throws -> [Tensor] {
    try check(images.shape)
    let features = backbone(images)
    guard let neck else { return features }
    try neck.check(features.map(\.shape))
    return neck(features)
  }

  // MARK: - Training

  public func losses(_ batch: SegmentationBatch) throws -> LossTerms {
    guard let labels = batch.labels else { throw InvalidConfig("a batch for training needs label maps") }
    let features = try features(batch.images)
    var terms = LossTerms()
    var previous: Tensor?
    for (index, head) in stages.enumerated() {
      let prefix = decodeHead is DecodeHead ? "decode." : "decode_\(index)."
      terms.merge(
        try head.losses(features, previous: previous, labels: labels, trainSettings), prefix: prefix)
      // As in the original, the next head sees the scores of a pass of its own, with its own dropout.
      if index + 1 < stages.count { previous = try head.predict(features, previous: previous, testSettings) }
    }
    if let head = auxiliaryHead as? DecodeHead {
      terms.merge(try head.losses(features, previous: nil, labels: labels, trainSettings), prefix: "aux.")
    } else if let heads = auxiliaryHead as? ModuleList<DecodeHead> {
      for (index, head) in heads.enumerated() {
        terms.merge(
          try head.losses(features, previous: nil, labels: labels, trainSettings), prefix: "aux_\(index).")
      }
    }
    return terms
  }

  // MARK: - First values

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    if initialization.isEmpty || startsFromFile { return }
    for rule in initialization { rule.apply(to: self, using: &generator) }
    // The parts have the last word.
    forEachModule { key, module in
      if !key.isEmpty, let part = module as? any ConfiguredModule {
        part.applyInitialization(using: &generator)
      }
    }
  }
}

extension EncoderDecoder: InspectableModel {
  public func check(_ shape: [Int]) throws {
    guard shape.count == 4, shape[2] > 0, shape[3] > 0 else {
      throw InvalidConfig("images must be [N, C, H, W], found \(shape)")
    }
    if let channels = inputChannels, shape[1] != channels {
      throw InvalidConfig("the model takes images with \(channels) channels, found \(shape[1])")
    }
    try (backbone as? any SizedBackbone)?.check(height: shape[2], width: shape[3])
  }

  public func runDummy(_ images: Tensor) throws { _ = try scores(images) }
}
