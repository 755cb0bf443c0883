import Core

/// The mean over the classes of their average precision, in percent.
///
/// For each class pictures are sorted by score, the best first; its average precision is the mean, over the pictures that
/// show the class, of the share of them among the pictures up to there. Pictures where it is hard to see (-1) do not count.
/// Mirrors mmcls's `mAP`.
///
/// - Parameters:
///   - scores: one row of `classes` values for each picture.
///   - targets: likewise, of 1, 0 and -1.
/// - Complexity: O(pictures · log(pictures) · classes).
public func meanAveragePrecision(_ scores: [Float], classes: Int, targets: [Int8]) -> Double {
  precondition(
    classes > 0 && scores.count == targets.count && scores.count % classes == 0,
    "meanAveragePrecision: a target for each score, found \(targets.count) for \(scores.count)")
  let count = scores.count / classes
  var sum = 0.0
  for c in 0..<classes {
    // Equal scores stay in the order of the pictures.
    let order = (0..<count).sorted {
      let (a, b) = (scores[$0 * classes + c], scores[$1 * classes + c])
      return a != b ? a > b : $0 < $1
    }
    var (hits, seen, total) = (0, 0, 0.0)
    for picture in order {
      let target = targets[picture * classes + c]
      if target != -1 { seen += 1 }
      if target == 1 {
        hits += 1
        total += Double(hits) / Double(seen)
      }
    }
    sum += total / max(Double(hits), Double(Float.ulpOfOne))
  }
  return sum / Double(classes) * 100
}
