import Core

extension Dataset {
  /// The data sets of files inside wrappers, in order.
  var segmentationParts: [SegmentationDataset] {
    switch self {
    case let dataset as SegmentationDataset: [dataset]
    case let dataset as ConcatDataset: dataset.datasets.flatMap { $0.segmentationParts }
    case let dataset as RepeatDataset: dataset.dataset.segmentationParts
    case let dataset as ClassBalancedDataset: dataset.dataset.segmentationParts
    case let dataset as MultiImageMixDataset: dataset.dataset.segmentationParts
    default: []
    }
  }

  /// Where the sample at `index` comes from: a data set of files and its place in it.
  ///
  /// - Throws: `DataError` for wrappers that reorder samples, which cannot be evaluated.
  func origin(of index: Int) throws -> (dataset: SegmentationDataset, index: Int) {
    switch self {
    case let dataset as SegmentationDataset: return (dataset, index)
    case let dataset as RepeatDataset: return try dataset.dataset.origin(of: index % dataset.dataset.count)
    case let dataset as MultiImageMixDataset: return try dataset.dataset.origin(of: index)
    case let dataset as ConcatDataset:
      var rest = index
      for part in dataset.datasets {
        if rest < part.count { return try part.origin(of: rest) }
        rest -= part.count
      }
    default: break
    }
    throw DataError("a \(type(of: self)) cannot be tested; test the data set inside it")
  }
}
