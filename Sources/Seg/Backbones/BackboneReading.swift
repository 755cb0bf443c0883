import Core
import PyConfig

/// A backbone that takes pictures of some sizes only.
protocol SizedBackbone: Backbone {
  /// - Throws: `InvalidConfig` where a picture of this size cannot go through it.
  func check(height: Int, width: Int) throws
}

extension ConfigReader {
  /// `init_cfg`, or a file under the older key `pretrained`.
  mutating func backboneInitialization(default standard: [InitConfig]) throws -> [InitConfig] {
    let rules = try initialization(default: standard)
    guard let checkpoint: String = try optional("pretrained") else { return rules }
    return [.pretrained(checkpoint)]
  }

  /// Which of `count` feature maps a backbone returns.
  mutating func outIndices(of count: Int) throws -> [Int] {
    let indices = try value("out_indices", default: Array(0..<count))
    guard indices.allSatisfy({ (0..<count).contains($0) }) else {
      throw invalid("must be in 0..<\(count), found \(indices)", key: "out_indices")
    }
    return indices
  }

  /// Keys that are there for later and may only be `None`.
  mutating func requireNone(_ keys: String...) throws {
    for key in keys {
      if let node = node(key), !node.isNone { throw invalid("must be None, found \(node.summary)", key: key) }
    }
  }
}

extension [InitConfig] {
  /// Kaiming's rule for convolutions and 1 for scales.
  static let kaimingAndOnes: [InitConfig] = [
    .kaiming(layers: ["Conv2d"]), .constant(1, layers: ["_BatchNorm", "GroupNorm"]),
  ]
}

extension ConvStyle {
  /// Batch normalisation and a rectifier.
  static let standard = ConvStyle(norm: .batchNorm, activation: .relu)
}
