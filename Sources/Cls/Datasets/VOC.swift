import Core
import Foundation
import PyConfig

/// PASCAL VOC 2007: the classes of all objects of a picture.
///
/// Everingham et al., 2010 (<http://host.robots.ox.ac.uk/pascal/VOC/>). Mirrors mmcls's `VOC`.
public enum VOC {
  public struct Config: ConfigRecord, Sendable {
    public var base: ClassificationDatasetConfig
    /// What objects count for that are hard to see: 1, 0, or -1 where nothing is said.
    public var difficult: Int8

    public init(from reader: inout ConfigReader) throws {
      // The original's spelling.
      difficult = try reader.optional("difficult_as_postive", as: Bool.self).map { $0 ? 1 : 0 } ?? -1
      base = try ClassificationDatasetConfig(from: &reader)
      guard base.dataPrefix.contains("VOC2007") else {
        throw reader.invalid(
          "must have 'VOC2007' in it: the year is taken from the path, found '\(base.dataPrefix)'",
          key: "data_prefix")
      }
      guard base.annotationFile != nil else {
        throw BuildError(.missingKey("ann_file"), path: reader.path, location: reader.location)
      }
    }
  }

  public static let classNames = [
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
  ]

  /// Reads the annotations of the pictures that `ann_file` lists, one name a line.
  ///
  /// - Throws: `DataError` that names the file.
  public static func load(_ config: Config, _ context: BuildContext) throws -> MultiLabelDataset {
    let base = config.base
    let names = try base.classNames(classNames) ?? classNames
    let indices = Dictionary(names.enumerated().map { ($1, $0) }) { $1 }
    let list = base.annotationFile ?? ""
    var files: [SampleFile] = []
    var targets: [Int8] = []
    for line in try TextFile.lines(list) {
      files.append(SampleFile(prefix: base.dataPrefix, name: "JPEGImages/\(line).jpg"))
      let annotation = SampleFile(prefix: base.dataPrefix, name: "Annotations/\(line).xml").path
      targets += try self.targets(annotation, indices, classes: names.count, difficult: config.difficult)
    }
    return try MultiLabelDataset(
      files, targets: targets, classNames: names, pipeline: try base.makePipeline(context), source: list)
  }

  /// A value for each class; objects of other classes are left out.
  private static func targets(
    _ file: String, _ indices: [String: Int], classes: Int, difficult: Int8
  ) throws -> [Int8] {
    var (hard, plain) = ([Int](), [Int]())
    for object in try XMLTree.read(file).all("object") {
      guard let name = object.first("name")?.text else {
        throw DataError("each object must have a name", file: file)
      }
      guard let index = indices[name] else { continue }
      let text = object.first("difficult")?.text.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
      guard let isDifficult = Int(text) else {
        throw DataError("object '\(name)': difficult must be 0 or 1, found '\(text.prefix(40))'", file: file)
      }
      if isDifficult != 0 { hard.append(index) } else { plain.append(index) }
    }
    var targets = [Int8](repeating: 0, count: classes)
    for index in hard { targets[index] = difficult }
    // A class with an object that is easy to see is shown, whatever else there is of it.
    for index in plain { targets[index] = 1 }
    return targets
  }
}
