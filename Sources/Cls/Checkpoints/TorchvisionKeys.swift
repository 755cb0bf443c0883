import Core
import OrderedCollections
import TorchFile

/// Renames the weights of torchvision's classifiers to the keys of mmcls.
public enum TorchvisionKeys: String, Sendable, CaseIterable {
  case alexnet
  case mobilenetV2 = "mobilenet_v2"
  case resnet
  case vgg

  /// The model that a state dict is of, told by its keys; `nil` when it is none of these.
  public init?(recognizing keys: some Sequence<String>) {
    let keys = Set(keys)
    if keys.contains("features.18.0.weight"), keys.contains("features.1.conv.0.0.weight") {
      self = .mobilenetV2
    } else if keys.contains("layer1.0.conv1.weight"), keys.contains("fc.weight") {
      self = .resnet
    } else if keys.contains("features.0.weight"), keys.contains("classifier.6.weight") {
      self =
        keys.contains("features.28.weight") || keys.contains("features.18.weight")
          || keys.contains("features.16.weight")
        ? .vgg : .alexnet
    } else {
      return nil
    }
  }

  /// The state dict under mmcls's keys.
  ///
  /// - Throws: `InvalidConfig` for a key that has no counterpart.
  public func convert(
    _ state: OrderedDictionary<String, StoredTensor>
  ) throws -> OrderedDictionary<String, StoredTensor> {
    let features = self == .vgg ? Self.vggFeatures(state) : [:]
    var result: OrderedDictionary<String, StoredTensor> = [:]
    for (key, value) in state {
      guard let renamed = rename(key, features) else {
        throw InvalidConfig("'\(key)' is not a key of torchvision's \(rawValue)")
      }
      result[renamed] = value
    }
    return result
  }

  private func rename(_ key: String, _ features: [Int: String]) -> String? {
    switch self {
    case .alexnet: return key.hasPrefix("features.") || key.hasPrefix("classifier.") ? "backbone.\(key)" : nil
    case .resnet: return key.hasPrefix("fc.") ? "head.\(key)" : "backbone.\(key)"
    case .mobilenetV2: return Self.mobilenetV2(key)
    case .vgg:
      let parts = key.split(separator: ".", maxSplits: 2).map(String.init)
      if parts[0] == "classifier" { return "backbone.\(key)" }
      guard parts.count == 3, parts[0] == "features", let index = Int(parts[1]), let place = features[index]
      else {
        return nil
      }
      return "backbone.features.\(place).\(parts[2])"
    }
  }

  /// `features.N` becomes `conv1`, a block of `layer1` to `layer7`, or `conv2`; pairs of layers become `ConvModule`s.
  private static func mobilenetV2(_ key: String) -> String? {
    var parts = key.split(separator: ".").map(String.init)
    if parts[0] == "classifier", parts.count == 3 { return "head.fc.\(parts[2])" }
    guard parts[0] == "features", parts.count >= 4, let index = Int(parts[1]) else { return nil }
    let names = ["conv", "bn"]
    if index == 0 || index == 18 {
      guard let part = Int(parts[2]), names.indices.contains(part) else { return nil }
      return "backbone.\(index == 0 ? "conv1" : "conv2").\(names[part]).\(parts[3])"
    }
    // Blocks of the seven stages, in order.
    var (stage, first) = (0, 1)
    for blocks in [1, 2, 3, 4, 3, 3, 1] where index >= first {
      if index < first + blocks { break }
      (stage, first) = (stage + 1, first + blocks)
    }
    guard stage < 7, parts[2] == "conv", let layer = Int(parts[3]) else { return nil }
    let lead = "backbone.layer\(stage + 1).\(index - first).conv"
    parts.removeFirst(4)
    // The last convolution and its norm stand by themselves; the ones before are nested.
    let nested = stage == 0 ? 1 : 2
    if layer < nested {
      guard let part = parts.first.flatMap({ Int($0) }), names.indices.contains(part), parts.count == 2 else {
        return nil
      }
      return "\(lead).\(layer).\(names[part]).\(parts[1])"
    }
    guard names.indices.contains(layer - nested), parts.count == 1 else { return nil }
    return "\(lead).\(nested).\(names[layer - nested]).\(parts[0])"
  }

  /// Where each layer of torchvision's `features` is in mmcls: there a convolution, its norm and its rectifier are one
  /// module, and only pooling stands beside it.
  private static func vggFeatures(_ state: OrderedDictionary<String, StoredTensor>) -> [Int: String] {
    let convolutions = state.compactMap { key, value -> Int? in
      guard key.hasPrefix("features."), key.hasSuffix(".weight"), value.shape.count == 4 else { return nil }
      return Int(key.split(separator: ".")[1])
    }
    let hasNorm = state.keys.contains("features.1.running_mean")
    var places: [Int: String] = [:]
    var (next, expected) = (0, 0)
    for index in convolutions.sorted() {
      // A gap in torchvision's numbers is a pooling layer.
      if index > expected { next += 1 }
      places[index] = "\(next).conv"
      if hasNorm { places[index + 1] = "\(next).bn" }
      (next, expected) = (next + 1, index + (hasNorm ? 3 : 2))
    }
    return places
  }
}
