import Core

/// What the pictures of a data set show, for evaluation.
enum GroundTruth: Equatable {
  /// One class a picture.
  case labels([Int])
  /// A value for each of `classes` classes of each picture: 1 shown, 0 not shown, -1 hard to see.
  case perClass([Int8], classes: Int)

  /// - Throws: `DataError` for a concatenation of data sets of both kinds, or of different numbers of classes.
  init(of dataset: any Dataset) throws {
    switch dataset {
    case let dataset as MultiLabelDataset:
      self = .perClass(dataset.targets, classes: dataset.classes)
    case let fold as KFoldDataset:
      self = try GroundTruth(of: fold.dataset).selecting(fold.indices)
    case let parts as ConcatDataset:
      var whole: GroundTruth?
      for part in parts.datasets {
        let truth = try GroundTruth(of: part)
        whole = try whole?.appending(truth) ?? truth
      }
      self = whole ?? .labels([])
    default:
      self = .labels((0..<dataset.count).map { dataset.categories(at: $0).first ?? -1 })
    }
  }

  private func selecting(_ indices: [Int]) -> GroundTruth {
    switch self {
    case .labels(let labels): .labels(indices.map { labels[$0] })
    case .perClass(let values, let classes):
      .perClass(indices.flatMap { values[($0 * classes)..<(($0 + 1) * classes)] }, classes: classes)
    }
  }

  private func appending(_ other: GroundTruth) throws -> GroundTruth {
    switch (self, other) {
    case (.labels(let a), .labels(let b)): return .labels(a + b)
    case (.perClass(let a, let classes), .perClass(let b, let others)) where classes == others:
      return .perClass(a + b, classes: classes)
    default:
      throw DataError("to be evaluated as one, data sets must be of one kind and have the same classes")
    }
  }
}

extension ClassificationMetrics.Metric {
  /// What a data set is measured by where a config does not say.
  static func standard(for dataset: any Dataset) -> Self {
    switch dataset {
    case is MultiLabelDataset: .meanAveragePrecision
    case let fold as KFoldDataset: standard(for: fold.dataset)
    case let parts as ConcatDataset: standard(for: parts.datasets[0])
    case let repeated as RepeatDataset: standard(for: repeated.dataset)
    default: .accuracy
    }
  }
}
