import Core
import PyConfig

/// ImageNet-21k: pictures in one folder a class, or listed in a file; class names come from the config alone.
///
/// Mirrors mmcls's `ImageNet21k`.
public struct ImageNet21kConfig: ConfigRecord, Sendable {
  public var base: ClassificationDatasetConfig

  public init(from reader: inout ConfigReader) throws {
    guard try reader.value("multi_label", default: false) == false else {
      throw reader.invalid("must be False: pictures have one label each", key: "multi_label")
    }
    guard try reader.value("recursion_subdir", default: true) else {
      throw reader.invalid("must be True: folders are searched at all depths", key: "recursion_subdir")
    }
    // How the original shares memory between its processes; here threads share it.
    reader.ignore("serialize_data")
    base = try ClassificationDatasetConfig(from: &reader)
  }
}
