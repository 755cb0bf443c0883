import Core
import OrderedCollections
import PyConfig

/// A backbone, a neck and a head: from an image to class probabilities.
///
/// Mirrors mmcls's `ImageClassifier`.
///
/// - Input: images `[N, C, H, W]`
/// - Output: probabilities `[N, classes]`
public final class ImageClassifier: Module, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var backbone: ConfigNodeBox
    public var neck: ConfigNodeBox
    public var head: ConfigNodeBox
    public var augments: ConfigNodeBox
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      backbone = ConfigNodeBox(reader.node("backbone"), path: reader.path("backbone"))
      guard backbone.node != nil else {
        throw BuildError(.missingKey("backbone"), path: reader.path, location: reader.location)
      }
      neck = ConfigNodeBox(reader.node("neck"), path: reader.path("neck"))
      head = ConfigNodeBox(reader.node("head"), path: reader.path("head"))
      augments = ConfigNodeBox(nil, path: reader.path("train_cfg.augments"))
      if let node = reader.node("train_cfg"), !node.isNone {
        var training = try ConfigReader(node, path: reader.path("train_cfg"))
        augments = ConfigNodeBox(training.node("augments"), path: training.path("augments"))
        try training.finish()
      }
      initialization = try reader.initialization(default: [])
      if let checkpoint: String = try reader.optional("pretrained") {
        initialization = [.pretrained(checkpoint)]
      }
    }
  }

  let backbone: any Backbone
  let neck: (any Neck)?
  let head: (any ClassificationHead)?
  /// Channels of the images that the model takes; `nil` where that is not known.
  public let inputChannels: Int?
  private let augments: BatchAugments?
  public let initialization: [InitConfig]

  public init(_ config: Config, _ context: BuildContext) throws {
    func build<Product>(_ box: ConfigNodeBox, _ registry: Registry<Product>) throws -> Product? {
      try box.node.map { try registry.build($0, path: box.path, context: context) }
    }
    guard let backbone = try build(config.backbone, context.registries.backbones) else {
      throw InvalidConfig("a classifier needs a backbone")
    }
    self.backbone = backbone
    inputChannels = backbone.imageChannels
    neck = try config.neck.node.map {
      try context.registries.necks.buildRow($0, path: config.neck.path, context: context)
    }
    head = try build(config.head, context.registries.classificationHeads)
    try Self.check(backbone, neck, head)
    augments = try config.augments.node.map { try BatchAugments($0, path: config.augments.path) }
    if let augments, let head, let classes = head.classes, augments.classes != classes {
      throw InvalidConfig(
        "train_cfg.augments: num_classes must be the head's, \(classes), found \(augments.classes)")
    }
    initialization = config.initialization
  }

  /// How many classes the model tells apart, where its head or its backbone knows.
  public var classes: Int? { head?.classes ?? (backbone as? any ScoringBackbone)?.classes }
  public var isMultiLabel: Bool { head?.isMultiLabel ?? false }

  /// What the head sees.
  public func features(_ images: Tensor) -> [Tensor] {
    let features = backbone(images)
    return neck.map { $0(features) } ?? features
  }

  /// The losses of a training batch.
  ///
  /// - Throws: `InvalidConfig` where the loss does not fit the targets.
  public func losses(_ images: Tensor, _ target: ClassificationTarget) throws -> LossTerms {
    guard let head else { throw InvalidConfig("a classifier without a head cannot be trained") }
    try check(images.shape)
    let (images, target) = augments?(images, target) ?? (images, target)
    return try head.loss(features(images), target)
  }

  /// Class probabilities `[N, classes]`.
  public func predict(_ images: Tensor) throws -> Tensor {
    guard let head else { throw InvalidConfig("a classifier without a head cannot classify") }
    try check(images.shape)
    return withoutGradient { head.probabilities(features(images)) }
  }

  /// What the original's flop counter runs: everything before the last linear layer.
  public func forwardDummy(_ images: Tensor) -> Tensor {
    let features = features(images)
    return head?.preLogits(features) ?? features[features.count - 1]
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }

  public func applyInitialization(using generator: inout RandomGenerator) {
    if initialization.isEmpty || startsFromFile { return }
    for rule in initialization { rule.apply(to: self, using: &generator) }
    // The parts have the last word.
    for part in [backbone, neck, head] as [Module?] {
      (part as? any ConfiguredModule)?.applyInitialization(using: &generator)
    }
  }
}

extension ImageClassifier: InspectableModel {
  public func runDummy(_ images: Tensor) { _ = forwardDummy(images) }
}

extension Registries {
  /// Classifiers.
  public var classifiers: Registry<ImageClassifier> {
    get { self[ImageClassifier.self, role: "classifier"] }
    set { self[ImageClassifier.self, role: "classifier"] = newValue }
  }
}
