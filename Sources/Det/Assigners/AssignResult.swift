/// Which object, if any, each box of a list stands for in training. Mirrors mmdet's `AssignResult`.
public struct AssignResult: Sendable, Equatable {
  public var truthCount: Int
  /// For each box 1 + the index of its object, 0 for background, -1 where it does not count.
  public var gtIndices: [Int]
  /// For each box its largest overlap with an object.
  public var maxOverlaps: [Float]
  /// For each box the class of its object, -1 without one; `nil` where classes were not given.
  public var labels: [Int]?

  public init(truthCount: Int, gtIndices: [Int], maxOverlaps: [Float], labels: [Int]? = nil) {
    (self.truthCount, self.gtIndices) = (truthCount, gtIndices)
    (self.maxOverlaps, self.labels) = (maxOverlaps, labels)
  }

  /// Without objects every box is background.
  static func background(_ count: Int, labelled: Bool) -> AssignResult {
    AssignResult(
      truthCount: 0, gtIndices: [Int](repeating: 0, count: count),
      maxOverlaps: [Float](repeating: 0, count: count),
      labels: labelled ? [Int](repeating: -1, count: count) : nil)
  }

  /// Labels of boxes from those of their objects.
  static func labels(_ gtIndices: [Int], _ labels: [Int]?) -> [Int]? {
    labels.map { labels in gtIndices.map { $0 > 0 ? labels[$0 - 1] : -1 } }
  }

  /// Puts the objects' own boxes, each standing for itself, before the others.
  public mutating func addTruths(_ truthLabels: [Int]) {
    gtIndices = (1..<(truthLabels.count + 1)).map { $0 } + gtIndices
    maxOverlaps = [Float](repeating: 1, count: truthLabels.count) + maxOverlaps
    if let labels { self.labels = truthLabels + labels }
  }
}
