import Core
import PyConfig

/// CUB-200-2011: birds of 200 species.
///
/// Wah et al., 2011 (<http://www.vision.caltech.edu/visipedia/CUB-200-2011.html>). Mirrors mmcls's `CUB`.
public enum CUB {
  public struct Config: ConfigRecord, Sendable {
    public var base: ClassificationDatasetConfig
    /// `images.txt`: a number and a path a line.
    public var images: String
    /// `image_class_labels.txt`: a number and a class, counted from 1.
    public var labels: String
    /// `train_test_split.txt`: a number and 1 for training, 0 for testing.
    public var split: String

    public init(from reader: inout ConfigReader) throws {
      labels = try reader.value("image_class_labels_file")
      split = try reader.value("train_test_split_file")
      base = try ClassificationDatasetConfig(from: &reader)
      guard let images = base.annotationFile else {
        throw BuildError(.missingKey("ann_file"), path: reader.path, location: reader.location)
      }
      self.images = images
    }
  }

  /// - Throws: `DataError` that names file and line.
  public static func load(_ config: Config, _ context: BuildContext) throws -> ClassificationDataset {
    let base = config.base
    let paths = try columns(config.images)
    let labels = try numbers(config.labels)
    let splits = try numbers(config.split)
    for (file, count) in [(config.labels, labels.count), (config.split, splits.count)] {
      guard count == paths.count else {
        throw DataError("must have a line for each of \(paths.count) pictures, found \(count)", file: file)
      }
    }
    let isTesting = base.isTesting ?? context.isTesting
    let chosen = paths.indices.filter { (splits[$0] != 0) != isTesting }
    return try ClassificationDataset(
      .files(chosen.map { SampleFile(prefix: base.dataPrefix, name: paths[$0]) }),
      labels: chosen.map { labels[$0] - 1 }, classNames: try base.classNames(CUBClasses.names),
      pipeline: try base.makePipeline(context), source: config.labels)
  }

  /// The second of the columns, which a space divides.
  private static func columns(_ file: String) throws -> [String] {
    try TextFile.lines(file).enumerated().map { index, line in
      let parts = line.drop(while: \.isWhitespace).split(separator: " ", omittingEmptySubsequences: false)
      guard parts.count > 1, !parts[1].isEmpty else {
        throw DataError(
          "must be a number and a value, found '\(line.prefix(80))'", file: file, line: index + 1)
      }
      return String(parts[1])
    }
  }

  private static func numbers(_ file: String) throws -> [Int] {
    try columns(file).enumerated().map { index, text in
      guard let number = Int(text), (0...1_000_000).contains(number) else {
        throw DataError("must be a whole number, found '\(text.prefix(40))'", file: file, line: index + 1)
      }
      return number
    }
  }
}
