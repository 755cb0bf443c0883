import Core
import PyConfig

/// The parts that all detectors have.
struct DetectorBase: Sendable {
  var backbone: Component
  var neck: Component?
  var initialization: [InitConfig]
  /// Handed to heads.
  var training, testing: Component?

  init(from reader: inout ConfigReader) throws {
    backbone = try reader.component("backbone")
    neck = reader.optionalComponent("neck")
    initialization = try reader.initialization(default: [])
    training = reader.optionalComponent("train_cfg")
    testing = reader.optionalComponent("test_cfg")
    if let checkpoint: String = try reader.optional("pretrained") {
      // The older way to say where the backbone's weights come from.
      backbone = backbone.setting(
        "init_cfg", to: ["type": "Pretrained", "checkpoint": .init(.string(checkpoint))])
    }
  }

  func makeBackbone(_ context: BuildContext) throws -> any Backbone {
    try backbone.build(context.registries.backbones, context)
  }

  func makeNeck(_ context: BuildContext) throws -> (any Neck)? {
    try neck.map { try context.registries.necks.buildRow($0.node, path: $0.path, context: context) }
  }

  /// A head's config with the detector's settings for training and testing, or one part of them.
  func head(_ component: Component, part: String? = nil) -> Component {
    func settings(_ whole: Component?) -> ConfigNode? {
      part.map { whole?.node.dictionary?[$0] } ?? whole?.node
    }
    return component.setting("train_cfg", to: settings(training)).setting("test_cfg", to: settings(testing))
  }
}

extension DetectorBase {
  /// Whether the parts of a detector fit together, as far as that is known before it runs.
  ///
  /// - Throws: `InvalidConfig` where they do not.
  static func check(_ backbone: any Backbone, _ neck: (any Neck)?, _ head: (any DenseHead)?) throws {
    let given = backbone.outputs.map(\.channels)
    if !given.isEmpty, let wanted = neck?.inputChannels, wanted != given {
      throw InvalidConfig("neck.in_channels must be the backbone's, \(given), found \(wanted)")
    }
    let channels = neck.map { $0.outputChannels ?? [] } ?? given
    if !channels.isEmpty { try head?.check(channels: channels) }
  }

  /// What heads see of images.
  ///
  /// - Throws: `InvalidConfig` where the neck cannot take the backbone's maps.
  static func features(_ images: Tensor, _ backbone: any Backbone, _ neck: (any Neck)?) throws -> [Tensor] {
    let features = backbone(images)
    guard let neck else { return features }
    try neck.check(features.map(\.shape))
    return neck(features)
  }
}
