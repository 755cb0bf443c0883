import Core

/// Leaves out objects that are too small. Mirrors mmdet's `FilterAnnotations`.
public struct FilterAnnotations: Transform, ConfigRecord {
  public var minWidth, minHeight: Double
  public var minArea: Double
  public var looksAtBoxes, looksAtMasks: Bool
  /// Whether a sample without objects left is dropped; the original's name for it is `keep_empty`.
  public var dropsEmpty: Bool

  public init(from reader: inout ConfigReader) throws {
    let size: [Double] = try reader.value("min_gt_bbox_wh", default: [1, 1])
    guard size.count == 2 else {
      throw reader.invalid("must be a width and a height, found \(size)", key: "min_gt_bbox_wh")
    }
    (minWidth, minHeight) = (size[0], size[1])
    minArea = try reader.value("min_gt_mask_area", default: 1)
    looksAtBoxes = try reader.value("by_box", default: true)
    looksAtMasks = try reader.value("by_mask", default: false)
    dropsEmpty = try reader.value("keep_empty", default: true)
    guard looksAtBoxes || looksAtMasks else { throw reader.invalid("by_box or by_mask must be True") }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let fields = sample.detection
    func missing(_ key: String) -> DataError {
      DataError(
        "FilterAnnotations: the sample has no '\(key)'; the pipeline must load it first",
        file: sample.file?.path)
    }
    guard let boxes = fields.boxes else { throw missing("gt_bboxes") }
    let areas = looksAtMasks ? fields.masks?.areas : nil
    if looksAtMasks, areas == nil { throw missing("gt_masks") }
    guard !boxes.isEmpty else { return true }
    let kept = boxes.indices.filter { index in
      let box = boxes[index]
      return (!looksAtBoxes || (Double(box.width) > minWidth && Double(box.height) > minHeight))
        && (areas.map { $0[index] >= minArea } ?? true)
    }
    sample.detection.keepObjects(at: kept)
    return !kept.isEmpty || !dropsEmpty
  }
}

/// Takes over the boxes that the data set's proposal file has for the picture. Mirrors mmdet's `LoadProposals`.
public struct LoadProposals: Transform, ConfigRecord {
  public var maxCount: Int?

  public init(from reader: inout ConfigReader) throws {
    maxCount = try reader.optional("num_max_proposals")
    if let maxCount, maxCount < 0 {
      throw reader.invalid("must not be negative, found \(maxCount)", key: "num_max_proposals")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard let given = sample.detection.givenProposals else {
      throw DataError(
        "LoadProposals: the data set must have a proposal_file, found none", file: sample.file?.path)
    }
    let count = min(maxCount ?? .max, given.boxes.count)
    // Models take at least one; scores are not used.
    let boxes = count == 0 ? Boxes([0, 0, 0, 0]) : given.boxes[Array(0..<count)]
    sample.detection.proposals = Proposals(boxes: boxes, scores: [])
    return true
  }
}
