import Foundation
import OrderedCollections
import TorchFile

/// Smaller learning rates for earlier layers of a backbone, and no weight decay for vectors.
///
/// A layer's learning rate is multiplied by `decay^(layers + 1 - layer)`; heads keep the full one. Parameters of one
/// layer are two groups, with and without weight decay, in the order in which they are met. Mirrors
/// `LearningRateDecayOptimizerConstructor` of mmdet and mmseg, for ConvNeXt, BEiT and MAE.
public struct LayerDecayOptimizerConstructor: OptimizerConstructor, Sendable {
  /// What gets a learning rate of its own.
  public enum Unit: Sendable, Equatable {
    case layer, stage
  }

  public var layers: Int
  public var decay: Double
  public var unit: Unit

  public init(layers: Int, decay: Double, unit: Unit = .layer) {
    (self.layers, self.decay, self.unit) = (layers, decay, unit)
  }

  public func groups(for model: Module, options: any OptimizerOptions, base: OptimizerBase) throws
    -> [ParameterGroup]
  {
    guard let rate = base.learningRate else { throw InvalidConfig("the optimizer must have an explicit lr") }
    guard let backbone = model.members.children.first(where: { $0.key == "backbone" })?.module else {
      throw InvalidConfig("layer-wise learning rates need a model with a backbone")
    }
    let kind = "\(type(of: backbone))"
    let isTransformer = kind.contains("BEiT") || kind.contains("MAE")
    guard kind.contains("ConvNeXt") || unit == .layer && isTransformer else {
      throw InvalidConfig("\(unit)-wise learning rates are known for ConvNeXt, BEiT and MAE, found \(kind)")
    }
    var order: [String] = []
    var groups: [String: ParameterGroup] = [:]
    for (key, parameter) in model.namedParameters where parameter.requiresGradient {
      let isDecayed =
        !(parameter.shape.count == 1 || key.hasSuffix(".bias") || key == "pos_embed" || key == "cls_token")
      let number =
        isTransformer ? transformerLayer(key) : unit == .layer ? convNeXtLayer(key) : convNeXtStage(key)
      let name = "layer_\(number)_\(isDecayed ? "decay" : "no_decay")"
      if groups[name] == nil {
        let scale = pow(decay, Double(layers + 2 - number - 1))
        var group = ParameterGroup([], options: options)
        group.learningRate = scale * rate
        if !isDecayed {
          group.weightDecay = 0
        } else if let weightDecay = base.weightDecay {
          group.weightDecay = weightDecay
        }
        group.extra = ["lr_scale": .float(scale), "group_name": .string(name)]
        groups[name] = group
        order.append(name)
      }
      groups[name]?.parameters.append(parameter)
    }
    return order.compactMap { groups[$0] }
  }

  private static let embeddings: Set<String> = [
    "backbone.cls_token", "backbone.mask_token", "backbone.pos_embed",
  ]

  /// The numbers behind `prefix` in a key, such as 2 and 5 in `backbone.stages.2.5.norm.weight`.
  private func numbers(_ key: String, after prefix: String) -> [Int]? {
    guard key.hasPrefix(prefix) else { return nil }
    return key.dropFirst(prefix.count).split(separator: ".").prefix { Int($0) != nil }.compactMap { Int($0) }
  }

  private func convNeXtLayer(_ key: String) -> Int {
    if Self.embeddings.contains(key) { return 0 }
    if let numbers = numbers(key, after: "backbone.downsample_layers."), let stage = numbers.first {
      return stage == 0 ? 0 : stage == 3 ? layers : stage + 1
    }
    if let numbers = numbers(key, after: "backbone.stages."), numbers.count >= 2 {
      switch numbers[0] {
      case 0: return 1
      case 1: return 2
      case 2: return 3 + numbers[1] / 3
      default: return layers
      }
    }
    return layers + 1
  }

  private func convNeXtStage(_ key: String) -> Int {
    if Self.embeddings.contains(key) || key.hasPrefix("backbone.downsample_layers") { return 0 }
    if let stage = numbers(key, after: "backbone.stages.")?.first { return stage + 1 }
    return layers + 1
  }

  private func transformerLayer(_ key: String) -> Int {
    if Self.embeddings.contains(key) || key.hasPrefix("backbone.patch_embed") { return 0 }
    if let layer = numbers(key, after: "backbone.layers.")?.first { return layer + 1 }
    return layers + 1
  }
}

extension LayerDecayOptimizerConstructor: ConfigRecord {
  /// `layer_decay_rate` is the older name of `decay_rate`.
  public init(from reader: inout ConfigReader) throws {
    layers = try reader.value("num_layers")
    decay =
      reader.has("layer_decay_rate") ? try reader.value("layer_decay_rate") : try reader.value("decay_rate")
    let type = try reader.value("decay_type", default: "layer_wise")
    switch type {
    case "stage_wise": unit = .stage
    case _ where type.contains("layer_wise"): unit = .layer
    default:
      throw reader.invalid(
        "decay_type must be 'layer_wise' or 'stage_wise', found '\(type)'", key: "decay_type")
    }
    if !(1...10000).contains(layers) {
      throw reader.invalid("must be a positive number of layers, found \(layers)", key: "num_layers")
    }
  }
}
