import Core

/// Boxes and scores of the same regions from several views of a picture. Mirrors mmdet's `merge_aug_bboxes`.
struct BoxMerging {
  private var boxes: [Float] = []
  private var scores: [Float] = []
  private var boxShape: [Int] = [], scoreShape: [Int] = []
  private var views: Float = 0

  /// Adds a view's boxes, mapped back to the original picture.
  mutating func add(_ found: ScoredBoxes, _ meta: ImageMeta) {
    let mapped = Boxes(found.boxes.detached().floats).mappedBack(meta).values
    let given = found.scores.detached().floats
    if views == 0 {
      (boxes, scores, boxShape, scoreShape) = (mapped, given, found.boxes.shape, found.scores.shape)
    } else {
      for index in boxes.indices { boxes[index] += mapped[index] }
      for index in scores.indices { scores[index] += given[index] }
    }
    views += 1
  }

  /// The means, after suppression.
  func detections(_ config: RCNNTestConfig) -> Detections {
    guard views > 0, boxShape[0] > 0 else { return Detections() }
    return suppressByClass(
      Tensor(boxes.map { $0 / views }, shape: boxShape), Tensor(scores.map { $0 / views }, shape: scoreShape),
      threshold: config.scoreThreshold, config.suppression, limit: config.limit
    ).detections
  }
}

/// Probabilities of masks of the same regions, from several views or stages. Mirrors mmdet's `merge_aug_masks`.
struct MaskMerging {
  private var sum: [Float] = []
  private var count: Float = 0
  private(set) var size = Pair(0)

  /// - Parameter logits: `[regions, h, w]`.
  mutating func add(_ logits: Tensor, _ meta: ImageMeta?) {
    var probabilities = logits.sigmoid()
    if let meta, meta.isFlipped {
      let direction = meta.flipDirection ?? "horizontal"
      if direction != "vertical" { probabilities = probabilities.flipped([2]) }
      if direction != "horizontal" { probabilities = probabilities.flipped([1]) }
    }
    let values = probabilities.floats
    size = Pair(h: logits.shape[1], w: logits.shape[2])
    if count == 0 { sum = values } else { for index in sum.indices { sum[index] += values[index] } }
    count += 1
  }

  var mean: [Float] { sum.map { $0 / count } }
}
