/// The area under a precision-recall curve.
public enum AveragePrecisionMode: Sendable {
  /// All of it, under the curve made descending.
  case area
  /// The mean of the precision at recalls 0, 0.1, ..., 1: PASCAL VOC 2007.
  case elevenPoints
}

/// The average precision of one class: mmdet's `average_precision`.
/// - Parameters:
///   - recalls: ascending, one a detection.
///   - precisions: in 32 bits as in mmdet, as is the result.
public func averagePrecision(recalls: [Double], precisions: [Float], _ mode: AveragePrecisionMode = .area)
  -> Float
{
  switch mode {
  case .area:
    var steps: [Double] = []
    let recall = [0] + recalls + [1]
    var precision = [0] + precisions.map { Double($0) } + [0]
    for index in stride(from: precision.count - 1, to: 0, by: -1) {
      precision[index - 1] = max(precision[index - 1], precision[index])
    }
    for index in 1..<recall.count where recall[index] != recall[index - 1] {
      steps.append((recall[index] - recall[index - 1]) * precision[index])
    }
    return steps.isEmpty ? 0 : Float(NumPyMean.sum(steps))
  case .elevenPoints:
    var total: Float = 0
    for point in 0...10 {
      let level = Double(point) * 0.1
      let first = recalls.firstIndex { $0 >= level } ?? recalls.count
      total += precisions[first...].max() ?? 0
    }
    return total / 11
  }
}
