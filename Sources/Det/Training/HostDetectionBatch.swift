import Core

/// A batch on the host: what crosses from the threads that load.
struct HostDetectionBatch: Sendable {
  /// One, or as many as `MultiScaleFlipAug` makes.
  var views: [View]
  /// Whether the pipeline makes views, even if only one.
  var isForTesting: Bool

  struct View: Sendable {
    var images: ImageBatch
    var metas: [ImageMeta]
    var truths: [GroundTruth]?
    var proposals: [Proposals]?
    var semanticMaps: SemanticMaps?
  }

  /// Class indices, `count × height × width`.
  struct SemanticMaps: Sendable {
    var labels: [Int64]
    var count, height, width: Int
  }

  /// - Throws: `DataError` that names the file that does not fit the others.
  init(_ samples: [Sample]) throws {
    isForTesting = samples.first?.views != nil
    guard isForTesting else {
      views = [try View(samples)]
      return
    }
    let counts = samples.map { $0.views?.count ?? 0 }
    guard let count = counts.first, counts.allSatisfy({ $0 == count }) else {
      throw DataError(
        "pictures of a batch must have as many views, found \(counts)", file: samples.first?.file?.path)
    }
    views = try (0..<count).map { index in try View(samples.compactMap { $0.views?[index] }) }
  }

  var batch: any TrainingBatch {
    isForTesting ? DetectionViews(views: views.map(\.batch)) : views[0].batch
  }
}

extension HostDetectionBatch.View {
  init(_ samples: [Sample]) throws {
    let padding = samples.first?.detection.batchPadding ?? (image: 0, semantic: 0)
    images = try ImageBatch(samples, paddingWith: Float(padding.image))
    metas = samples.map(\.meta)
    let keys = samples.first?.collectedKeys ?? []
    if keys.contains("gt_bboxes") {
      truths = samples.map { GroundTruth(collected: $0) }
    }
    if keys.contains("proposals") {
      proposals = samples.map { $0.detection.proposals ?? Proposals(boxes: Boxes(), scores: []) }
    }
    if keys.contains("gt_semantic_seg") {
      semanticMaps = .init(samples.compactMap(\.detection.semanticMap), paddingWith: Int64(padding.semantic))
    }
  }

  var batch: DetectionBatch {
    DetectionBatch(
      images: images.tensor, metas: metas, truths: truths, proposals: proposals,
      semanticMaps: semanticMaps.map { Tensor($0.labels, shape: [$0.count, 1, $0.height, $0.width]) })
  }
}

extension HostDetectionBatch.SemanticMaps {
  /// Maps of one channel; smaller ones grow at the right and the bottom.
  init(_ maps: [Image], paddingWith value: Int64) {
    (height, width) = (maps.map(\.height).max() ?? 0, maps.map(\.width).max() ?? 0)
    count = maps.count
    labels = [Int64](repeating: value, count: maps.count * height * width)
    for (index, map) in maps.enumerated() {
      for y in 0..<map.height {
        let (from, to) = (y * map.width, (index * height + y) * width)
        switch map.pixels {
        case .u8(let bytes): for x in 0..<map.width { labels[to + x] = Int64(bytes[from + x]) }
        case .f32(let values): for x in 0..<map.width { labels[to + x] = Int64(values[from + x]) }
        }
      }
    }
  }
}

extension GroundTruth {
  /// What the pipeline chose of a sample.
  init(collected sample: Sample) {
    let (fields, keys) = (sample.detection, sample.collectedKeys ?? [])
    self.init()
    boxes = fields.boxes ?? Boxes()
    if keys.contains("gt_labels") { labels = fields.labels ?? [] }
    if keys.contains("gt_bboxes_ignore") { ignoredBoxes = fields.ignoredBoxes ?? Boxes() }
    if keys.contains("gt_masks") { masks = fields.masks }
  }
}
