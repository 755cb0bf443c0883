import Core

/// Suppression of boxes that have a score for each class. Mirrors mmdet's `multiclass_nms`.
///
/// Boxes and scores that are no finite numbers go; the original lets such boxes through.
///
/// - Parameters:
///   - boxes: `[n, 4]` for all classes, or `[n, classes * 4]`.
///   - scores: `[n, classes + 1]`, the background last; it does not count.
///   - threshold: only scores above it count.
///   - factors: `[n]`, by which scores are multiplied after that.
///   - limit: how many boxes stay at most; all where not positive.
/// - Returns: the detections, best first, and where each was among the `n * classes` pairs.
public func suppressByClass(
  _ boxes: Tensor, _ scores: Tensor, threshold: Float, _ suppression: Suppression, limit: Int,
  factors: [Float]? = nil
) -> (detections: Detections, pairs: [Int]) {
  let (count, classes) = (scores.shape[0], scores.shape[1] - 1)
  let perClass = boxes.shape[1] > 4
  precondition(
    boxes.shape == [count, perClass ? 4 * classes : 4],
    "suppressByClass: boxes [n, 4] or [n, \(4 * classes)], found \(boxes.shape)")
  let (corners, values) = (boxes.detached().floats, scores.detached().floats)
  var (found, pairs) = (Detections(), [Int]())
  for row in 0..<count {
    for label in 0..<classes where values[row * (classes + 1) + label] > threshold {
      let at = perClass ? 4 * (row * classes + label) : 4 * row
      let box = Box(corners[at], corners[at + 1], corners[at + 2], corners[at + 3])
      let score = values[row * (classes + 1) + label] * (factors?[row] ?? 1)
      guard box.isFinite, score.isFinite else { continue }
      found.boxes.append(box)
      found.scores.append(score)
      found.labels.append(label)
      pairs.append(row * classes + label)
    }
  }
  var (kept, keptScores) = suppression(found.boxes, found.scores, groups: found.labels)
  if limit > 0 { (kept, keptScores) = (Array(kept.prefix(limit)), Array(keptScores.prefix(limit))) }
  return (
    Detections(boxes: found.boxes[kept], scores: keptScores, labels: kept.map { found.labels[$0] }),
    kept.map { pairs[$0] }
  )
}
