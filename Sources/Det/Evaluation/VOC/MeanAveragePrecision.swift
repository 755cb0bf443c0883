import Core

/// Mean average precision at one IoU: PASCAL VOC's metric, and OpenImages'. Mirrors mmdet's `eval_map`.
///
/// Everingham et al., 2010 (<https://doi.org/10.1007/s11263-009-0275-4>). Equal scores keep the order of pictures.
public struct MeanAveragePrecision: Sendable {
  /// How true positives are told.
  public enum Rules: Sendable, Equatable {
    /// A detection matches the object that it overlaps most, if that is free.
    case voc
    /// As `voc`; behind that, one detection may match each box around a group, by the part of it that is inside.
    case openImages(groupOverlap: Float)
  }

  /// What is there in one picture.
  public struct Truth: Sendable {
    public var boxes = Boxes()
    public var labels: [Int] = []
    /// Objects that neither count when found nor when missed.
    public var ignoredBoxes = Boxes()
    public var ignoredLabels: [Int] = []
    /// OpenImages: whether each box is around a group.
    public var isGroup: [Bool]?

    public init() {}
  }

  /// The numbers of one class.
  public struct ClassResult: Sendable, Equatable {
    public var truths: Int
    public var detections: Int
    /// One a detection, in the order of scores.
    public var recalls: [Double]
    public var precisions: [Float]
    public var averagePrecision: Float
  }

  public var threshold: Float
  public var rules = Rules.voc
  public var mode = AveragePrecisionMode.area
  /// Whether boxes include the pixels at their right and bottom edges.
  public var includesEdges = false

  public init(threshold: Float) { self.threshold = threshold }

  /// - Parameters:
  ///   - detections: one a picture.
  ///   - truths: one a picture.
  /// - Returns: the mean over the classes that have objects, 0 if none has; and each class.
  public func callAsFunction(
    _ detections: [Detections], _ truths: [Truth], classes: Int
  ) -> (mean: Double, classes: [ClassResult]) {
    precondition(
      detections.count == truths.count,
      "MeanAveragePrecision: must have \(truths.count) pictures' detections, found \(detections.count)")
    let results = concurrentMap(count: classes) { measure($0, detections, truths) }
    let known = results.filter { $0.truths > 0 }.map(\.averagePrecision)
    return (known.isEmpty ? 0 : Double(NumPyMean.mean(known)), results)
  }

  private func measure(_ label: Int, _ detections: [Detections], _ truths: [Truth]) -> ClassResult {
    var marks: [Mark] = []
    var count = 0
    for (picture, truth) in zip(detections, truths) {
      let found = picture.labels.indices.filter { picture.labels[$0] == label }
      let own = truth.labels.indices.filter { truth.labels[$0] == label }
      let ignored = truth.ignoredLabels.indices.filter { truth.ignoredLabels[$0] == label }
      count += own.count
      let matcher = PictureMatcher(
        settings: self, boxes: picture.boxes[found], scores: found.map { picture.scores[$0] },
        truths: Boxes(truth.boxes[own].values + truth.ignoredBoxes[ignored].values),
        counted: own.count, isGroup: truth.isGroup.map { groups in own.map { groups[$0] } })
      matcher.match(into: &marks)
    }
    let order = COCOCurves.descending(marks.map { Double($0.score) })
    var (hits, misses): (Float, Float) = (0, 0)
    var result = ClassResult(
      truths: count, detections: marks.count, recalls: [], precisions: [], averagePrecision: 0)
    for index in order {
      switch marks[index].kind {
      case .hit: hits += 1
      case .miss: misses += 1
      case .ignored: break
      }
      result.recalls.append(Double(hits) / max(Double(count), Double(Float.ulpOfOne)))
      result.precisions.append(hits / max(hits + misses, Float.ulpOfOne))
    }
    result.averagePrecision = averagePrecision(recalls: result.recalls, precisions: result.precisions, mode)
    return result
  }

  /// What a detection turned out to be.
  struct Mark: Sendable {
    enum Kind: Sendable { case hit, miss, ignored }
    var score: Float
    var kind: Kind
  }
}
