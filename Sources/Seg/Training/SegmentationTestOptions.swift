import Core
import PyConfig

/// The options of `seg-test --eval-options`: `key=value` with values of the config language.
public struct SegmentationTestOptions: ConfigRecord {
  public var metrics: SegmentationMetrics.Options
  /// Where `--format-only` writes.
  public var formatDirectory: String
  public var keepsTrainIDs: Bool

  public init(from reader: inout ConfigReader) throws {
    metrics = try SegmentationMetrics.Options(from: &reader)
    formatDirectory = try reader.value("imgfile_prefix", default: ".format_cityscapes")
    keepsTrainIDs = try !reader.value("to_label_id", default: true)
    // How the original saves memory; here memory does not grow with the data set.
    reader.ignore("efficient_test")
  }

  /// - Throws: `BuildError` that names the option.
  public init(_ options: [String]) throws {
    var settings = Config(root: ConfigDictionary(), filename: "<--eval-options>")
    try settings.merge(options: options)
    do {
      try self.init(from: settings.root, at: "--eval-options")
    } catch var error as BuildError {
      // The option is the place; there is no file.
      error.location = nil
      throw error
    }
  }
}
