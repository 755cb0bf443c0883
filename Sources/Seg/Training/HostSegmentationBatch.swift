import Core

/// A batch on the host: what crosses from the threads that load.
struct HostSegmentationBatch: Sendable {
  var images: ImageBatch
  var metas: [ImageMeta]
  /// `count × height × width`
  var labels: [Int64]?

  /// Joins samples. As in the original, smaller pictures grow to the size of the largest, and picture and label map get
  /// zeros there: class 0.
  ///
  /// - Throws: `DataError` for pictures and label maps that differ in size.
  init(_ samples: [Sample]) throws {
    images = try ImageBatch(samples, paddingWith: 0)
    metas = samples.map(\.meta)
    guard samples.allSatisfy({ $0.collectedKeys?.contains("gt_semantic_seg") ?? false }) else { return }
    var values = [Int64](repeating: 0, count: images.count * images.height * images.width)
    for (number, sample) in samples.enumerated() {
      try sample.checkLabelSize(by: "Collect")
      guard let map = sample.labels, let bytes = map.bytes else { continue }
      for row in 0..<map.height {
        let (target, source) = ((number * images.height + row) * images.width, row * map.width)
        for column in 0..<map.width { values[target + column] = Int64(bytes[source + column]) }
      }
    }
    labels = values
  }

  var batch: SegmentationBatch {
    SegmentationBatch(
      images: images.tensor, metas: metas,
      labels: labels.map { Tensor($0, shape: [images.count, 1, images.height, images.width]) })
  }
}
