import Core

/// Pictures that may show several classes each.
///
/// Mirrors mmcls's `MultiLabelDataset`.
public final class MultiLabelDataset: Dataset, PictureDataset {
  public let files: [SampleFile]
  /// For each picture a value for each class: 1 shown, 0 not shown, -1 shown but hard to see.
  public let targets: [Int8]
  public let classNames: [String]?
  public let pipeline: Pipeline
  public let classes: Int

  /// - Parameters:
  ///   - targets: `files.count × classNames.count` values of -1, 0 and 1.
  ///   - source: the file or folder that the targets come from, for messages.
  /// - Throws: `DataError` when there are no pictures or the targets do not fit.
  public init(
    _ files: [SampleFile], targets: [Int8], classNames: [String], pipeline: Pipeline, source: String
  ) throws {
    guard !files.isEmpty else {
      throw DataError("the data set is empty: no pictures were found", file: source)
    }
    guard targets.count == files.count * classNames.count, targets.allSatisfy({ (-1...1).contains($0) })
    else {
      throw DataError(
        "must give -1, 0 or 1 for each of \(classNames.count) classes of \(files.count) pictures, "
          + "found \(targets.count) values", file: source)
    }
    (self.files, self.targets, self.pipeline) = (files, targets, pipeline)
    (self.classNames, classes) = (classNames, classNames.count)
  }

  public var count: Int { files.count }
  public var pictures: ClassificationDataset.Pictures { .files(files) }

  /// The values of one picture.
  public func targets(at index: Int) -> ArraySlice<Int8> {
    targets[(index * classes)..<((index + 1) * classes)]
  }

  public func categories(at index: Int) -> [Int] {
    targets(at: index).enumerated().filter { $0.element == 1 }.map(\.offset)
  }

  public func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    var sample = Sample(file: files[index])
    sample.labelScores = targets(at: index).map(Float.init)
    return try pipeline.apply(&sample, using: &generator) ? sample : nil
  }
}

/// A data set whose pictures can be looked at as they are.
public protocol PictureDataset: Dataset {
  var pictures: ClassificationDataset.Pictures { get }
}

extension ClassificationDataset: PictureDataset {}
