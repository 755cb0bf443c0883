import Core

/// The share, in percent, of images whose label is among the `k` highest scores, for each `k`.
///
/// Mirrors mmcls's `accuracy` with one threshold.
///
/// - Parameters:
///   - scores: `[N, C]`
///   - labels: `[N]`, `int64`
///   - threshold: a score must be above it to count; by default 0, for logits too, as in the original.
public func accuracy(_ scores: Tensor, _ labels: Tensor, topK: [Int], threshold: Float = 0) -> [Float] {
  accuracy(
    scores.floats, classes: scores.shape[1], labels.elements(as: Int64.self).map(Int.init), topK: topK,
    threshold: threshold)
}

/// The same over plain arrays; `scores` row by row.
///
/// Equal scores rank by class, the lower index first; what is not a number ranks before all numbers.
public func accuracy(
  _ scores: [Float], classes: Int, _ labels: [Int], topK: [Int], threshold: Float = 0
) -> [Float] {
  var hits = [Int](repeating: 0, count: topK.count)
  for (row, label) in labels.enumerated() where (0..<classes).contains(label) {
    let score = scores[row * classes + label]
    guard score > threshold else { continue }
    var rank = 0
    for other in 0..<classes {
      let value = scores[row * classes + other]
      if !(value <= score) || (value == score && other < label) { rank += 1 }
    }
    for (index, k) in topK.enumerated() where rank < k { hits[index] += 1 }
  }
  return hits.map { labels.isEmpty ? 0 : Float($0) * Float(100 / Double(labels.count)) }
}
