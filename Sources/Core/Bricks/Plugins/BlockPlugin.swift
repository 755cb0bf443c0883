import PyConfig

/// An entry of a residual network's `plugins`: `dict(cfg=..., stages=..., position='after_conv2')`.
public struct BlockPlugin: ConfigRecord, Sendable {
  public enum Position: String, Sendable, CaseIterable, ConfigDecodable {
    case afterConv1 = "after_conv1"
    case afterConv2 = "after_conv2"
    case afterConv3 = "after_conv3"
  }

  public var config: PluginConfig
  public var position: Position
  /// The stages that have it; all if there are none named.
  public var stages: [Bool]?

  public init(from reader: inout ConfigReader) throws {
    config = try reader.value("cfg")
    position = try reader.value("position")
    stages = try reader.optional("stages")
  }

  /// Whether the blocks of a stage have it.
  func isIn(stage: Int) -> Bool {
    guard let stages else { return true }
    return stages.indices.contains(stage) && stages[stage]
  }
}

/// The plugins of one block, by their places. They are children of the block under their own names.
final class BlockPlugins {
  private let layers: [(position: BlockPlugin.Position, name: String, layer: any UnaryModule)]

  /// - Parameters:
  ///   - middle, output: channels behind the first two convolutions, and behind the third.
  /// - Precondition: `check` has seen the plugins.
  init(_ plugins: [BlockPlugin], middle: Int, output: Int) {
    layers = Self.ordered(plugins).map { plugin in
      let channels = plugin.position == .afterConv3 ? output : middle
      guard let layer = try? plugin.config.make(inChannels: channels) else {
        preconditionFailure("BlockPlugins: \(plugin.config.name) takes \(channels) channels")
      }
      return (plugin.position, plugin.config.name, layer)
    }
  }

  private static func ordered(_ plugins: [BlockPlugin]) -> [BlockPlugin] {
    BlockPlugin.Position.allCases.flatMap { position in plugins.filter { $0.position == position } }
  }

  /// Checks that the plugins of a block can be made.
  ///
  /// - Throws: `InvalidConfig`.
  static func check(_ plugins: [BlockPlugin], middle: Int, output: Int) throws {
    var names: Set<String> = []
    for plugin in ordered(plugins) {
      guard names.insert(plugin.config.name).inserted else {
        throw InvalidConfig("plugins: two are named \(plugin.config.name) in one block; give them a postfix")
      }
      let channels = plugin.position == .afterConv3 ? output : middle
      _ = try withoutInitialValues { try plugin.config.make(inChannels: channels) }
      if case .convModule(let out, let kernel, let options) = plugin.config.layer {
        let keepsSize = zip(kernel.array, zip(options.padding.array, options.dilation.array)).allSatisfy {
          2 * $1.0 == $1.1 * ($0 - 1)
        }
        guard out == channels, options.stride == 1, keepsSize else {
          throw InvalidConfig(
            "plugins: a ConvModule here must keep \(channels) channels and the size of the image")
        }
      }
    }
  }

  var children: [(key: String, module: Module)] { layers.map { ($0.name, $0.layer) } }

  func callAsFunction(_ x: Tensor, _ position: BlockPlugin.Position) -> Tensor {
    var x = x
    for entry in layers where entry.position == position { x = entry.layer(x) }
    return x
  }

  func has(_ position: BlockPlugin.Position) -> Bool { layers.contains { $0.position == position } }
}
