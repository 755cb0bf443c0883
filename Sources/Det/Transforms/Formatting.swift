import Core
import PyConfig

/// Steps that decide in which form data reach the model.
///
/// Pictures become tensors when a batch is made, channels innermost in memory, so these steps only check that what they
/// name is there. Mirrors mmdet's `ImageToTensor`, `ToTensor` and `ToDataContainer`.
public struct ToTensor: Transform, ConfigRecord {
  public var keys: [String]
  /// The name under which the config has it.
  public var name = "ToTensor"

  public init(from reader: inout ConfigReader) throws { keys = try reader.value("keys") }

  init(keys: [String], name: String) { (self.keys, self.name) = (keys, name) }

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

/// `dict(type='ToDataContainer', fields=[dict(key='img', stack=True), ...])`: only checks, as `ToTensor`.
struct ToDataContainerConfig: ConfigRecord {
  var keys: [String]

  init(from reader: inout ConfigReader) throws {
    guard let fields: [ConfigNode] = try reader.optional("fields") else {
      keys = ["img", "gt_bboxes", "gt_labels"]
      return
    }
    let path = reader.path("fields")
    keys = try fields.enumerated().map { index, node in
      var field = try ConfigReader(node, path: "\(path).\(index)")
      let key: String = try field.value("key")
      field.ignore("stack", "padding_value", "cpu_only", "pad_dims")
      try field.finish()
      return key
    }
  }
}

/// Completes what is known of the picture, and notes what fills batches up. Mirrors mmdet's `DefaultFormatBundle`.
public struct DefaultFormatBundle: Transform, ConfigRecord {
  public var imageValue: Double
  public var semanticValue: Double

  public init(from reader: inout ConfigReader) throws {
    reader.ignore("img_to_float")
    let values = try PadValues(reader.node("pad_val"), path: reader.path("pad_val"))
    guard values.image.count == 1 else {
      throw reader.invalid("img must be one number, found \(values.image)", key: "pad_val")
    }
    (imageValue, semanticValue) = (values.image[0], values.semantic)
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    if let image = sample.image, sample.meta.padShape == [0, 0, 0] {
      sample.meta.padShape = [image.height, image.width, image.channels]
    }
    sample.detection.batchPadding = (imageValue, semanticValue)
    return true
  }
}

/// Chooses what a sample hands to the model. Mirrors mmdet's `Collect`.
public struct Collect: Transform, ConfigRecord {
  public var keys: [String]

  /// What can be known of a picture; all that is known is handed on.
  private static let metaKeys = [
    "filename", "ori_filename", "ori_shape", "img_shape", "pad_shape", "scale_factor", "flip",
    "flip_direction",
    "img_norm_cfg", "border", "scale_idx", "keep_ratio", "pad_fixed_size", "pad_size_divisor", "scale",
    "img_fields",
  ]

  public init(from reader: inout ConfigReader) throws {
    keys = try reader.value("keys")
    let meta: [String] = try reader.value("meta_keys", default: [])
    for key in meta where !Self.metaKeys.contains(key) {
      let hint = nearest(key, among: Self.metaKeys).map { "; did you mean '\($0)'?" } ?? ""
      throw reader.invalid(
        "must be of \(Self.metaKeys.joined(separator: ", ")), found '\(key)'\(hint)", key: "meta_keys")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    for key in keys { try sample.require(key, by: "Collect") }
    if let image = sample.image, sample.meta.padShape == [0, 0, 0] {
      sample.meta.padShape = [image.height, image.width, image.channels]
    }
    sample.collectedKeys = keys
    return true
  }
}

extension Sample {
  /// - Throws: `DataError` when the sample has nothing under the key.
  fileprivate func require(_ key: String, by transform: String) throws {
    let fields = detection
    let isThere: Bool? =
      switch key {
      case "img": image != nil
      case "gt_bboxes": fields.boxes != nil
      case "gt_bboxes_ignore": fields.ignoredBoxes != nil
      case "gt_labels": fields.labels != nil
      case "gt_masks": fields.masks != nil
      case "gt_semantic_seg": fields.semanticMap != nil
      case "proposals": fields.proposals != nil
      case "gt_is_group_ofs": fields.isGroup != nil
      default: nil
      }
    guard isThere != true else { return }
    let known = "img, gt_bboxes, gt_bboxes_ignore, gt_labels, gt_masks, gt_semantic_seg, proposals"
    throw DataError(
      "\(transform): the sample has no '\(key)'"
        + (isThere == nil ? "; known keys: \(known)" : "; the pipeline must load it first"), file: file?.path)
  }
}
