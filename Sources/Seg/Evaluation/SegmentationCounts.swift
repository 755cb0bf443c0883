import Core

/// How many pixels were predicted as what: all that the metrics need, whatever the number of pictures.
public struct SegmentationCounts: Sendable, Equatable {
  /// Pixels of each class that were predicted as such, that were predicted as the class, and that are of the class.
  public private(set) var intersection, predicted, labelled: [Int]

  public init(classes: Int) {
    intersection = [Int](repeating: 0, count: classes)
    (predicted, labelled) = (intersection, intersection)
  }

  public var classes: Int { intersection.count }

  /// Pixels of either, for each class.
  public var union: [Int] { (0..<classes).map { predicted[$0] + labelled[$0] - intersection[$0] } }

  /// Adds the pixels of a picture, those labelled `ignoreIndex` left out.
  ///
  /// - Parameters: `prediction`, `labels`: class indices, pixel by pixel, as many of either; values that are no class
  ///   count in neither, as in the original.
  public mutating func add(prediction: [UInt8], labels: [UInt8], ignoreIndex: Int) {
    precondition(
      prediction.count == labels.count,
      "SegmentationCounts.add: as many predictions as labels, found \(prediction.count) and \(labels.count)")
    let both = Self.counts(prediction, labels, ignoreIndex)
    for index in 0..<min(classes, 256) {
      intersection[index] += both[index]
      predicted[index] += both[256 + index]
      labelled[index] += both[512 + index]
    }
  }

  private static func counts(_ prediction: [UInt8], _ labels: [UInt8], _ ignoreIndex: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: 768)
    for index in labels.indices {
      let (label, guess) = (Int(labels[index]), Int(prediction[index]))
      if label == ignoreIndex { continue }
      counts[256 + guess] += 1
      counts[512 + label] += 1
      if label == guess { counts[label] += 1 }
    }
    return counts
  }

  public static func += (a: inout Self, b: Self) {
    precondition(
      a.classes == b.classes, "SegmentationCounts: the same classes, found \(a.classes) and \(b.classes)")
    for index in 0..<a.classes {
      a.intersection[index] += b.intersection[index]
      a.predicted[index] += b.predicted[index]
      a.labelled[index] += b.labelled[index]
    }
  }
}
