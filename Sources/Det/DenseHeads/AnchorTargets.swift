import Core

/// What the anchors of one picture, of all levels together, should give.
struct AnchorTargets {
  /// Classes; the number of classes is the background.
  var labels: [Int64]
  var labelWeights: [Float]
  /// Four numbers an anchor.
  var boxTargets, boxWeights: [Float]
  var sampling: SamplingResult

  var positiveCount: Int { sampling.posIndices.count }
  var negativeCount: Int { sampling.negIndices.count }
}

/// The same for one level of all pictures.
struct LevelTargets {
  /// `[N * anchors]`
  var labels, labelWeights: Tensor
  /// `[N * anchors, 4]`
  var boxTargets, boxWeights: Tensor

  init(_ images: [AnchorTargets], _ range: Range<Int>) {
    let quads = (4 * range.lowerBound)..<(4 * range.upperBound)
    labels = Tensor(images.flatMap { $0.labels[range] })
    labelWeights = Tensor(images.flatMap { $0.labelWeights[range] })
    let rows = images.count * range.count
    boxTargets = Tensor(images.flatMap { $0.boxTargets[quads] }, shape: [rows, 4])
    boxWeights = Tensor(images.flatMap { $0.boxWeights[quads] }, shape: [rows, 4])
  }
}

/// Where each level's entries lie in a list of all levels.
func levelRanges(_ counts: [Int]) -> [Range<Int>] {
  var start = 0
  return counts.map { count in
    defer { start += count }
    return start..<(start + count)
  }
}

/// Which anchors are valid and reach at most `border` pixels beyond the picture; any valid one where that is negative.
func insideFlags(_ anchors: Boxes, _ valid: [Bool], _ size: Pair, border: Float) -> [Bool] {
  guard border >= 0 else { return valid }
  let (height, width) = (Float(size.h) + border, Float(size.w) + border)
  return anchors.indices.map { index in
    let box = anchors[index]
    return valid[index] && box.x1 >= -border && box.y1 >= -border && box.x2 < width && box.y2 < height
  }
}
