import Core

/// Which object each point of a picture stands for: of those around it, and of the size of its level, the smallest.
struct FCOSTargets {
  /// For each level the distances that it is responsible for.
  var ranges: [ClosedRange<Float>]
  var strides: [Pair]
  /// Only points within so many strides of an object's centre stand for it.
  var centerRadius: Float?
  var classes: Int

  /// Classes (the number of classes is the background) and left, top, right, bottom of each point, level by level.
  func callAsFunction(_ points: [[Float]], _ truth: GroundTruth) -> [(labels: [Int64], distances: [Float])] {
    let boxes = Array(truth.boxes)
    return points.indices.map { level in
      let count = points[level].count / 2
      var labels = [Int64](repeating: Int64(classes), count: count)
      var distances = [Float](repeating: 0, count: 4 * count)
      let (low, high) = (ranges[level].lowerBound, ranges[level].upperBound)
      let reach = centerRadius.map { Float(strides[level].w) * $0 }
      for index in 0..<count where !boxes.isEmpty {
        let (x, y) = (points[level][2 * index], points[level][2 * index + 1])
        var (best, smallest) = (0, Float(1e8))
        for (candidate, box) in boxes.enumerated() {
          let (left, top, right, bottom) = (x - box.x1, y - box.y1, box.x2 - x, box.y2 - y)
          let longest = max(max(left, top), max(right, bottom))
          guard longest >= low && longest <= high else { continue }
          if let reach {
            guard Self.isCentral(x, y, box, reach) else { continue }
          } else {
            guard min(min(left, top), min(right, bottom)) > 0 else { continue }
          }
          let area = box.area
          if area < smallest { (best, smallest) = (candidate, area) }
        }
        let box = boxes[best]
        distances[4 * index] = x - box.x1
        distances[4 * index + 1] = y - box.y1
        distances[4 * index + 2] = box.x2 - x
        distances[4 * index + 3] = box.y2 - y
        if smallest < 1e8 { labels[index] = Int64(truth.labels[best]) }
      }
      return (labels, distances)
    }
  }

  /// Whether a point lies in the middle of a box, and in the box.
  private static func isCentral(_ x: Float, _ y: Float, _ box: Box, _ reach: Float) -> Bool {
    let (cx, cy) = box.center
    let left = x - max(cx - reach, box.x1)
    let top = y - max(cy - reach, box.y1)
    let right = min(cx + reach, box.x2) - x
    let bottom = min(cy + reach, box.y2) - y
    return min(min(left, top), min(right, bottom)) > 0
  }
}

extension ConfigReader {
  /// `regress_ranges`: the distances of each level.
  mutating func regressRanges() throws -> [ClosedRange<Float>] {
    let standard: [[Float]] = [[-1, 64], [64, 128], [128, 256], [256, 512], [512, 1e8]]
    let pairs = try value("regress_ranges", default: standard)
    guard pairs.allSatisfy({ $0.count == 2 && $0[0] <= $0[1] }) else {
      throw invalid("must be pairs, the lower number first", key: "regress_ranges")
    }
    return pairs.map { $0[0]...$0[1] }
  }
}
