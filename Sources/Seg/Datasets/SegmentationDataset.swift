import Core
import PyConfig
import Synchronization

/// Pictures and their label maps, as files. Mirrors mmseg's `CustomDataset`, of which all its data sets are made.
public final class SegmentationDataset: Dataset {
  /// A picture and the label map that belongs to it.
  public struct Item: Sendable, Equatable {
    public var image: SampleFile
    /// `nil` for data sets that are only tested, without evaluation.
    public var labels: SampleFile?

    public init(image: SampleFile, labels: SampleFile?) { (self.image, self.labels) = (image, labels) }
  }

  public let kind: SegmentationDatasetKind
  public let items: [Item]
  public let classes: ClassSelection
  public let pipeline: Pipeline
  /// The value that stands for no class in evaluation.
  public let ignoreIndex: Int
  /// Whether evaluation takes value 0 for no class and counts the others from 1.
  public let reducesZeroLabel: Bool
  private let loader: LoadAnnotations
  /// Labels below it are classes.
  private let classCount: Atomic<Int>

  init(
    _ kind: SegmentationDatasetKind, _ items: [Item], _ classes: ClassSelection, _ pipeline: Pipeline,
    ignoreIndex: Int, reducesZeroLabel: Bool, loader: LoadAnnotations
  ) {
    (self.kind, self.items, self.classes, self.pipeline) = (kind, items, classes, pipeline)
    (self.ignoreIndex, self.reducesZeroLabel, self.loader) = (ignoreIndex, reducesZeroLabel, loader)
    classCount = Atomic(classes.names?.count ?? 256)
  }

  public var count: Int { items.count }
  public var classNames: [String]? { classes.names }
  public var palette: [[UInt8]]? { classes.palette }

  /// Classes are known only after reading a whole label map, so sampling by class is not for label maps.
  public func categories(at index: Int) -> [Int] { [] }

  /// Tells a data set that does not name its classes how many a model has; labels beyond are then errors.
  func assumeClasses(_ count: Int) {
    if classes.names == nil { classCount.store(count, ordering: .relaxed) }
  }

  public func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    var sample = prepared(index)
    return try pipeline.apply(&sample, using: &generator) ? sample : nil
  }

  private func prepared(_ index: Int) -> Sample {
    var sample = Sample(file: items[index].image)
    sample.labelFile = items[index].labels
    sample.labelRules = LabelRules(
      mapping: classes.mapping, classCount: classCount.load(ordering: .relaxed), ignoreIndex: ignoreIndex)
    return sample
  }

  /// The label map of a picture as evaluation sees it.
  ///
  /// - Throws: `DataError` with the file for one that is missing, damaged, or has values outside the classes.
  func groundTruth(at index: Int) throws -> GroundTruth {
    let sample = prepared(index)
    guard let file = sample.labelFile else {
      throw DataError(
        "evaluation needs label maps, the data set has none; set ann_dir", file: items[index].image.path)
    }
    var labels = try loader.load(file, sample, checking: false)
    if reducesZeroLabel { labels.reduceZeroLabel() }
    try sample.labelRules?.check(labels, file, reducesZero: reducesZeroLabel)
    return GroundTruth(labels: labels, file: file)
  }

  /// Refuses masks of 0 and 255, in which 255 is taken for "no class" and so nothing but class 0 is left.
  ///
  /// Looks at a few label maps, spread over the data set.
  /// - Throws: `DataError` if no value but these occurs in any of them.
  func checkLabelVariety() throws {
    guard classCount.load(ordering: .relaxed) > 1 else { return }
    var example: SampleFile?
    for number in 0..<min(8, count) {
      let index = number * count / min(8, count)
      guard let file = items[index].labels else { return }
      let values = try LoadAnnotations.read(file, of: items[index].image, backend: loader.backend).histograms(
        "labels")[
          0]
      if values[1..<255].contains(where: { $0 > 0 }) { return }
      if values[255] > 0 { example = file }
    }
    guard let example else { return }
    throw DataError(
      "label maps hold class indices, and 255 stands for no class; this one and those like it hold "
        + "nothing but 0 and 255, "
        + "so that class 0 would be the only one; write 1 instead of 255 (in Python: mask // 255)",
      file: example.path)
  }
}
