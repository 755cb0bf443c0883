import Core

/// Steps that decide in which form data reaches the model.
///
/// Pictures become tensors when a batch is made, channels innermost in memory, so these steps only check that what they
/// name is there. Mirrors mmcls's `ImageToTensor` and `ToTensor`.
public struct ToTensor: Transform, ConfigRecord {
  public var keys: [String]
  /// The name under which the config has it.
  public var name: String

  public init(from reader: inout ConfigReader) throws {
    keys = try reader.value("keys")
    name = "ToTensor"
  }

  func named(_ name: String) -> ToTensor {
    var step = self
    step.name = name
    return step
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    for key in keys { try sample.require(key, by: name) }
    return true
  }
}

/// Chooses what a sample hands to the model. Mirrors mmcls's `Collect`.
public struct Collect: Transform, ConfigRecord {
  public var keys: [String]

  public init(from reader: inout ConfigReader) throws {
    keys = try reader.value("keys")
    reader.ignore("meta_keys")
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    for key in keys { try sample.require(key, by: "Collect") }
    sample.collectedKeys = keys
    return true
  }
}

extension Sample {
  /// - Throws: `DataError` when the sample has nothing under the key.
  fileprivate func require(_ key: String, by transform: String) throws {
    let isThere =
      switch key {
      case "img": image != nil
      case "gt_label": label != nil || labelScores != nil
      default: false
      }
    guard isThere else {
      throw DataError("\(transform): the sample has no '\(key)'; known keys: img, gt_label", file: file?.path)
    }
  }
}
