import Core
import PyConfig

/// Pictures with objects in them. All data sets of the task are made of it; what differs is where their annotations come
/// from and how results are measured. Mirrors mmdet's `CustomDataset`.
public final class DetectionDataset: Dataset {
  /// Everything that a data set is made of.
  struct Parts {
    /// `CocoDataset` and its like, for messages.
    var type: String
    var pictures: [DatasetPicture]
    var annotations: any AnnotationSource
    var classNames: [String]?
    var palette: [[UInt8]]?
    /// Pictures with a shorter side than this are not for training; 0 keeps all.
    var minSize = 32
    /// What the file has in the data set's own numbers, for evaluation.
    var coco: CocoReference?
    /// PASCAL VOC's, which decides how precision is averaged.
    var year: Int?
    /// Whether pictures have sizes at all; without, all are of one group.
    var hasSizes = true
    /// What Open Images' metrics need.
    var openImages: OpenImagesReference?
  }

  let type: String
  let config: DetectionDatasetConfig
  /// The pictures that are used, in the file's order.
  let pictures: [DatasetPicture]
  /// Where each is in the annotation file.
  let positions: [Int]
  let annotations: any AnnotationSource
  public let classNames: [String]?
  public let palette: [[UInt8]]?
  let pipeline: Pipeline
  let proposals: [Proposals]?
  /// Whether annotations are left out and no picture is.
  public let isTesting: Bool
  let coco: CocoReference?
  let year: Int?
  let openImages: OpenImagesReference?
  /// By aspect ratio: 1 where a picture is wider than high.
  private let groups: [UInt8]
  private let members: [[Int]]

  /// - Throws: `DataError` when there is nothing to train on.
  init(_ parts: Parts, _ config: DetectionDatasetConfig, _ context: BuildContext) throws {
    (type, self.config, annotations) = (parts.type, config, parts.annotations)
    (classNames, palette, coco) = (parts.classNames, parts.palette, parts.coco)
    (year, openImages) = (parts.year, parts.openImages)
    isTesting = config.isTesting ?? context.isTesting
    pipeline = try config.makePipeline(context)
    let all = try config.proposalFile.map { try ProposalFile.read($0) }
    if let all, all.count != parts.pictures.count {
      throw DataError(
        "must have proposals for each of the \(parts.pictures.count) pictures of \(config.annotationFile), found \(all.count)",
        file: config.proposalFile)
    }
    let (training, filtersEmpty) = (!isTesting, config.filtersEmpty)
    positions = try parts.pictures.indices.filter { index in
      guard training, parts.hasSizes else { return true }
      let picture = parts.pictures[index]
      guard picture.width > 0, picture.height > 0 else {
        throw DataError(
          "must have the width and the height of each picture, found none for \(picture.fileName)",
          file: config.annotationFile)
      }
      if filtersEmpty, !parts.annotations.hasObjects(at: index) { return false }
      return min(picture.width, picture.height) >= parts.minSize
    }
    let kept = positions
    let groups = kept.map { UInt8(parts.pictures[$0].width > parts.pictures[$0].height ? 1 : 0) }
    pictures = kept.map { parts.pictures[$0] }
    proposals = all.map { all in kept.map { all[$0] } }
    members = (0..<2).map { group in groups.indices.filter { groups[$0] == group } }
    self.groups = groups
    guard !pictures.isEmpty else {
      throw DataError(
        parts.pictures.isEmpty
          ? "the data set is empty: the file lists no pictures"
          : "none of the \(parts.pictures.count) pictures can be trained on: each is smaller than \(parts.minSize) "
            + "pixels or has no objects of the classes; check the classes, or set filter_empty_gt=False",
        file: config.annotationFile)
    }
  }

  public var count: Int { pictures.count }

  public func categories(at index: Int) -> [Int] { annotations.categories(at: positions[index]) }

  public func group(at index: Int) -> Int { Int(groups[index]) }

  /// What is known of a picture's objects.
  func annotation(at index: Int) throws -> PictureAnnotation {
    try annotations.annotation(at: positions[index])
  }

  /// The place of a picture.
  public func file(at index: Int) -> SampleFile {
    SampleFile(prefix: config.imagePrefix, name: pictures[index].fileName)
  }

  /// The sample after the pipeline. In training, one that the pipeline drops is replaced by another of its group.
  public func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    var index = index
    for _ in 0..<1000 {
      var sample = try loaded(index)
      if try pipeline.apply(&sample, using: &generator) { return sample }
      guard !isTesting else {
        throw DataError("the test pipeline dropped the picture", file: file(at: index).path)
      }
      let pool = members[Int(groups[index])]
      index = pool[generator.integer(0..<pool.count)]
    }
    return nil
  }

  /// The sample before the pipeline.
  func loaded(_ index: Int) throws -> Sample {
    var sample = Sample(file: file(at: index))
    var fields = DetectionFields()
    fields.pictureSize = (pictures[index].height, pictures[index].width)
    fields.segmentationPrefix = config.segmentationPrefix
    if !isTesting { fields.annotation = try annotation(at: index) }
    fields.givenProposals = proposals?[index]
    sample.detection = fields
    return sample
  }
}
