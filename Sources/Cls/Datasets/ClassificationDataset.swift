import Core
import PyConfig

/// Pictures with one class each, from files or from memory.
///
/// All data sets of the task are made of it; what differs is how their entries are found.
public final class ClassificationDataset: Dataset {
  /// Where the pictures are.
  public enum Pictures: Sendable {
    case files([SampleFile])
    /// Pictures of one size behind one another, each `height × width × channels` bytes.
    case bytes([UInt8], height: Int, width: Int, channels: Int)
  }

  public let pictures: Pictures
  public let labels: [Int]
  public let classNames: [String]?
  public let pipeline: Pipeline
  /// The file or folder that labels come from, for messages.
  public let source: String

  /// - Throws: `DataError` when there is nothing in it or a label is not one of the classes.
  public init(_ pictures: Pictures, labels: [Int], classNames: [String]?, pipeline: Pipeline, source: String)
    throws
  {
    guard !labels.isEmpty else {
      throw DataError("the data set is empty: no pictures were found", file: source)
    }
    if let classNames {
      if let index = labels.firstIndex(where: { !classNames.indices.contains($0) }) {
        throw DataError(
          "labels must be in 0..<\(classNames.count) (the data set's classes), found \(labels[index]) for item \(index)",
          file: source)
      }
    }
    (self.pictures, self.labels, self.classNames) = (pictures, labels, classNames)
    (self.pipeline, self.source) = (pipeline, source)
  }

  public var count: Int { labels.count }

  public func categories(at index: Int) -> [Int] { [labels[index]] }

  public func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    var sample: Sample
    switch pictures {
    case .files(let files):
      sample = Sample(file: files[index])
    case .bytes(let bytes, let height, let width, let channels):
      let size = height * width * channels
      let image = Image(
        width: width, height: height, channels: channels,
        bytes: Array(bytes[(index * size)..<((index + 1) * size)]))
      sample = Sample(file: SampleFile(prefix: nil, name: "\(source)#\(index)"), image: image)
      sample.meta.imageShape = [height, width, channels]
      sample.meta.originalShape = [height, width, channels]
    }
    sample.label = labels[index]
    return try pipeline.apply(&sample, using: &generator) ? sample : nil
  }
}

/// The keys that all classification data sets share.
public struct ClassificationDatasetConfig: ConfigRecord, Sendable {
  public var dataPrefix: String
  public var pipeline: ConfigNodeBox
  public var classes: ConfigNodeBox
  public var annotationFile: String?
  public var isTesting: Bool?
  public var extensions: [String]

  public init(from reader: inout ConfigReader) throws {
    let prefix: String? = try reader.value("data_prefix")
    dataPrefix = prefix ?? ""
    pipeline = ConfigNodeBox(reader.node("pipeline"), path: reader.path("pipeline"))
    classes = ConfigNodeBox(reader.node("classes"), path: reader.path("classes"))
    annotationFile = try reader.optional("ann_file")
    isTesting = try reader.optional("test_mode")
    extensions = try reader.value(
      "extensions", default: [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif"])
    reader.ignore("file_client_args")
  }

  /// The transforms; none when the config names none.
  func makePipeline(_ context: BuildContext) throws -> Pipeline {
    try pipeline.node.map { try Pipeline($0, path: pipeline.path, context) } ?? Pipeline([])
  }

  /// Class names as a list or, given as a string, from a file with one name a line; else `standard`.
  func classNames(_ standard: [String]?) throws -> [String]? {
    guard let node = classes.node else { return standard }
    guard let file = node.string else { return try [String](from: node, at: classes.path) }
    let names = try TextFile.lines(file)
    guard !names.isEmpty else {
      throw DataError("must have one class name a line, found nothing", file: file)
    }
    return names
  }
}
