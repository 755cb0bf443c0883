import Core
import OrderedCollections

/// Counts of the pixels of a data set's pictures, gathered picture by picture; the parts of a concatenation each for
/// itself, unless they are evaluated together.
struct SegmentationMeasurement {
  private struct Part {
    var dataset: SegmentationDataset
    var names: [String]
    var counts: SegmentationCounts
    var pictures = 0
  }

  private let dataset: any Dataset
  private var parts: [Part]
  /// Whether results are those of the parts, their names numbered.
  private let isSplit: Bool

  /// - Throws: `DataError` for data sets that cannot be evaluated.
  init(_ dataset: any Dataset) throws {
    self.dataset = dataset
    let concatenation = dataset as? ConcatDataset
    isSplit = concatenation?.evaluatesSeparately ?? false
    parts = try dataset.segmentationParts.map { part in
      guard let names = part.classNames else {
        throw DataError("evaluation needs the data set's classes; set classes=")
      }
      try part.checkLabelVariety()
      return Part(dataset: part, names: names, counts: SegmentationCounts(classes: names.count))
    }
    guard let first = parts.first else { throw DataError("a \(type(of: dataset)) cannot be evaluated") }
    if !isSplit,
      let other = parts.first(where: {
        $0.dataset.kind.name != first.dataset.kind.name || $0.names != first.names
      })
    {
      throw DataError(
        "separate_eval=False is for data sets of one type and the same classes, found \(first.dataset.kind.name) and "
          + other.dataset.kind.name)
    }
  }

  /// - Throws: `DataError` when prediction and label map are not of one size.
  mutating func add(_ outcome: SegmentationTest.Outcome) throws {
    guard let truth = outcome.picture.truth, let labels = truth.labels.bytes else {
      throw DataError("evaluation needs a label map for each picture")
    }
    let prediction = outcome.prediction
    guard truth.labels.height == prediction.height, truth.labels.width == prediction.width else {
      throw DataError(
        "the label map must be of its picture's size, \(prediction.height)x\(prediction.width), found "
          + "\(truth.labels.height)x\(truth.labels.width); check that they belong together",
        file: truth.file.path)
    }
    let origin = try dataset.origin(of: outcome.index).dataset
    guard let index = parts.firstIndex(where: { $0.dataset === origin }) else { return }
    parts[index].counts.add(prediction: prediction.labels, labels: labels, ignoreIndex: origin.ignoreIndex)
    parts[index].pictures += 1
  }

  /// Metrics by the original's names.
  ///
  /// - Parameter report: gets the tables, text by text.
  func results(_ metrics: SegmentationMetrics, report: (String) -> Void) -> OrderedDictionary<String, Double>
  {
    var results: OrderedDictionary<String, Double> = [:]
    guard isSplit else {
      var total = parts[0].counts
      for part in parts.dropFirst() { total += part.counts }
      let values = metrics(total)
      values.report(parts[0].names).forEach(report)
      return values.results(parts[0].names)
    }
    for (number, part) in parts.enumerated() {
      report("\nEvaluating \(part.dataset.items[0].image.prefix ?? "") with \(part.pictures) images now")
      let values = metrics(part.counts)
      values.report(part.names).forEach(report)
      for (name, value) in values.results(part.names) { results["\(number)_\(name)"] = value }
    }
    return results
  }
}
