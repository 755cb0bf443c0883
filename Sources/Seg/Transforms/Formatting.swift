import Core

// Steps that decide in which form data reaches the model. Pictures become tensors when a batch is made, channels
// innermost in memory, so these steps only check that what they name is there.

/// Mirrors mmseg's `DefaultFormatBundle`.
public struct DefaultFormatBundle: Transform, ConfigRecord {
  public init(from reader: inout ConfigReader) throws {}

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool { true }
}

/// Mirrors mmseg's `ImageToTensor` and `ToTensor`.
public struct ToTensor: Transform, ConfigRecord {
  public var keys: [String]
  /// The name under which the config has it.
  var name = "ToTensor"

  public init(from reader: inout ConfigReader) throws { keys = try reader.value("keys") }

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

/// Chooses what a sample hands to the model. Mirrors mmseg's `Collect`.
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

/// Marks data for batching, which is always done here. Mirrors mmseg's `ToDataContainer`.
public struct ToDataContainer: Transform, ConfigRecord {
  public var keys: [String]

  private struct Field: ConfigRecord {
    var key: String

    init(from reader: inout ConfigReader) throws {
      key = try reader.value("key")
      reader.ignore("stack", "padding_value", "cpu_only", "pad_dims")
    }
  }

  public init(from reader: inout ConfigReader) throws {
    keys = try reader.optional("fields", as: [Field].self)?.map(\.key) ?? ["img", "gt_semantic_seg"]
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    for key in keys { try sample.require(key, by: "ToDataContainer") }
    return true
  }
}

/// Exchanges the axes of what the keys name. Mirrors mmseg's `Transpose`.
///
/// Axes are height, width, channels. `(2, 0, 1)` and `(2, 1, 0)` bring channels to the front, where they are in tensors
/// anyway, so that the step is the last one that may touch the picture.
public struct Transpose: Transform, ConfigRecord {
  public var keys: [String]
  public var order: [Int]

  public init(from reader: inout ConfigReader) throws {
    keys = try reader.value("keys")
    order = try reader.value("order")
    guard [[0, 1], [1, 0], [0, 1, 2], [1, 0, 2], [2, 0, 1], [2, 1, 0]].contains(order) else {
      throw reader.invalid(
        "must be an order of (height, width) or of (height, width, channels) with channels first or last, "
          + "found \(order)",
        key: "order")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let spatial = order.filter { $0 != 2 }
    for key in keys {
      try sample.require(key, by: "Transpose")
      guard order.count == (key == "img" ? 3 : 2) else {
        throw DataError(
          "Transpose: '\(key)' has \(key == "img" ? 3 : 2) axes, found an order of \(order.count)",
          file: sample.file?.path)
      }
      guard spatial == [1, 0] else { continue }
      if key == "img" {
        sample.image = sample.image?.transposed()
      } else {
        sample.labels = sample.labels?.transposed()
      }
    }
    return true
  }
}

extension Sample {
  /// - Throws: `DataError` when the sample has nothing under the key.
  fileprivate func require(_ key: String, by step: String) throws {
    let isThere =
      switch key {
      case "img": image != nil
      case "gt_semantic_seg": labels != nil
      default: false
      }
    guard isThere else {
      let hint = key == "gt_semantic_seg" ? "; put LoadAnnotations before it" : ""
      throw DataError(
        "\(step): the sample has no '\(key)'; known keys: img, gt_semantic_seg\(hint)", file: file?.path)
    }
  }
}

extension Image {
  /// Rows become columns: a turn by 90° and a mirror, EXIF's fifth orientation.
  func transposed() -> Image { turned(orientation: 5) }
}
