import Foundation

/// Suppression that lowers scores instead of dropping boxes at once.
///
/// The order in which boxes change places is mmcv's, since it decides among equal scores.
struct SoftSuppression {
  var decay: Suppression.SoftDecay
  var sigma, least, threshold, offset: Float

  func suppress(_ boxes: Boxes, _ scores: [Float]) -> (kept: [Int], scores: [Float]) {
    var boxes = (0..<boxes.count).map { boxes[$0] }
    var (scores, indices) = (scores, Array(boxes.indices))
    var areas = boxes.map { ($0.x2 - $0.x1 + offset) * ($0.y2 - $0.y1 + offset) }
    var count = boxes.count
    func exchange(_ a: Int, _ b: Int) {
      boxes.swapAt(a, b)
      scores.swapAt(a, b)
      indices.swapAt(a, b)
      areas.swapAt(a, b)
    }
    var first = 0
    while first < count {
      var best = first
      for other in first..<count where scores[best] < scores[other] { best = other }
      exchange(first, best)
      let (box, area) = (boxes[first], areas[first])
      var other = first + 1
      while other < count {
        let width = max(0, min(box.x2, boxes[other].x2) - max(box.x1, boxes[other].x1) + offset)
        let height = max(0, min(box.y2, boxes[other].y2) - max(box.y1, boxes[other].y1) + offset)
        let shared = width * height
        scores[other] *= factor(shared / (area + areas[other] - shared))
        if scores[other] < least {
          // The last box takes the place of the one that goes.
          exchange(other, count - 1)
          count -= 1
        } else {
          other += 1
        }
      }
      first += 1
    }
    return (Array(indices[..<count]), Array(scores[..<count]))
  }

  private func factor(_ overlap: Float) -> Float {
    switch decay {
    case .naive: overlap >= threshold ? 0 : 1
    case .linear: overlap >= threshold ? 1 - overlap : 1
    case .gaussian: expf(-(overlap * overlap) / sigma)
    }
  }
}
