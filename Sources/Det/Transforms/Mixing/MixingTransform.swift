import Core

/// A transform that mixes a sample with others of its data set; `MultiImageMixDataset` gets these for it.
///
/// They are in the sample's `others` when `apply` is called.
protocol MixingTransform: Transform {
  /// Which samples it wants.
  func choose(from dataset: any Dataset, using generator: inout RandomGenerator) throws -> [Int]
}

extension Sample {
  /// The samples to mix with.
  ///
  /// - Throws: `DataError` outside of `MultiImageMixDataset`.
  func requireOthers(_ count: Int, _ transform: String) throws -> [Sample] {
    guard let others = detection.others, others.count == count else {
      throw DataError(
        "\(transform): needs \(count) other samples; put it into the pipeline of a MultiImageMixDataset",
        file: file?.path)
    }
    return others
  }

  /// The objects, for transforms that need them.
  func requireObjects(_ transform: String) throws -> (boxes: Boxes, labels: [Int]) {
    guard let boxes = detection.boxes, let labels = detection.labels, boxes.count == labels.count else {
      throw DataError(
        "\(transform): the sample has no boxes with labels; put LoadAnnotations before it", file: file?.path)
    }
    return (boxes, labels)
  }
}

/// Which boxes are left of those that a mixing transform has moved.
struct BoxCandidates: Sendable {
  var minSize: Float
  var minAreaRatio: Float
  var maxAspectRatio: Float

  /// - Parameters:
  ///   - before: the box before it was cut.
  func keeps(_ before: Box, _ after: Box) -> Bool {
    let (w, h) = (after.width, after.height)
    let aspect = max(w / (h + 1e-16), h / (w + 1e-16))
    return w > minSize && h > minSize && w * h / (before.width * before.height + 1e-16) > minAreaRatio
      && aspect < maxAspectRatio
  }
}
