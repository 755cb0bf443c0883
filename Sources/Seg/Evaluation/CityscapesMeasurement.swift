import Core
import PyConfig

/// The pixel scores of Cityscapes' own evaluation, in which pixels of labels that do not count are left out.
///
/// Mirrors cityscapesscripts' `evalPixelLevelSemanticLabeling` without its scores of instances. Class and category
/// scores are intersections over unions, averaged over those that occur.
struct CityscapesMeasurement {
  private static let labels = CityscapesLabel.all
  /// Pixels of each label (rows) that were predicted as each.
  private(set) var confusion = [[Int]](
    repeating: [Int](repeating: 0, count: labels.count), count: labels.count)
  private let dataset: any Dataset

  /// - Throws: `InvalidConfig` for other data sets.
  init(_ dataset: any Dataset) throws {
    guard let part = dataset as? SegmentationDataset, part.kind.name == "CityscapesDataset" else {
      throw InvalidConfig("--eval cityscapes is for a CityscapesDataset, found a \(type(of: dataset))")
    }
    self.dataset = dataset
  }

  /// - Throws: `DataError` that names the file of label ids where it is missing or does not fit.
  mutating func add(_ outcome: SegmentationTest.Outcome) throws {
    let (origin, index) = try dataset.origin(of: outcome.index)
    guard var file = origin.items[index].labels else {
      throw DataError("--eval cityscapes needs ann_dir", file: origin.items[index].image.path)
    }
    guard file.name.hasSuffix("_labelTrainIds.png") else {
      throw DataError("must end in _labelTrainIds.png, beside which is a file of label ids", file: file.path)
    }
    file.name = file.name.dropLast("_labelTrainIds.png".count) + "_labelIds.png"
    guard DataFile.exists(file.path) else {
      throw DataError(
        "--eval cityscapes compares with files of label ids; it must exist, found nothing", file: file.path)
    }
    let truth = try LoadAnnotations.read(file, of: origin.items[index].image, backend: .pillow)
    let prediction = outcome.prediction
    guard truth.height == prediction.height, truth.width == prediction.width, let ids = truth.bytes else {
      throw DataError(
        "must be of its picture's size, \(prediction.height)x\(prediction.width), found \(truth.height)x\(truth.width)",
        file: file.path)
    }
    try add(prediction.labels.map { CityscapesLabel.idOfTrainID[Int($0)] }, ids, file.path)
  }

  /// - Parameters: `prediction`, `truth`: label ids.
  mutating func add(_ prediction: [UInt8], _ truth: [UInt8], _ file: String) throws {
    var counts = [Int](repeating: 0, count: 256 * 256)
    for index in truth.indices { counts[Int(truth[index]) << 8 | Int(prediction[index])] += 1 }
    for (pair, count) in counts.enumerated() where count > 0 {
      let (row, column) = (pair >> 8, pair & 255)
      guard row < Self.labels.count, column < Self.labels.count else {
        throw DataError(
          "label ids must be in 0..<\(Self.labels.count), found \(max(row, column))", file: file)
      }
      confusion[row][column] += count
    }
  }

  private func score(_ members: [Int], outside: [Int]) -> Double {
    let hits = members.reduce(0) { sum, row in sum + members.reduce(0) { $0 + confusion[row][$1] } }
    let missed = members.reduce(0) { $0 + confusion[$1].reduce(0, +) } - hits
    let wrong = outside.reduce(0) { sum, row in sum + members.reduce(0) { $0 + confusion[row][$1] } }
    let total = hits + missed + wrong
    return total == 0 ? .nan : Double(hits) / Double(total)
  }

  private func classScore(_ label: CityscapesLabel) -> Double {
    if label.isIgnored { return .nan }
    return score([label.id], outside: Self.labels.filter { !$0.isIgnored && $0.id != label.id }.map(\.id))
  }

  private func categoryScore(_ category: CityscapesLabel.Category) -> Double {
    let members = Self.labels.filter { !$0.isIgnored && $0.category == category }.map(\.id)
    if members.isEmpty { return .nan }
    return score(members, outside: Self.labels.filter { !$0.isIgnored && $0.category != category }.map(\.id))
  }

  /// The tree that the original leaves in `eval_*.json`.
  func results(report: (String) -> Void) -> ConfigDictionary {
    func number(_ value: Double) -> ConfigNode { ConfigNode(.float(value)) }
    func mean(_ values: [Double]) -> Double {
      let known = values.filter { !$0.isNaN }
      return known.isEmpty ? .nan : known.reduce(0, +) / Double(known.count)
    }
    let pixels = Double(confusion.reduce(0) { $0 + $1.reduce(0, +) })
    var (priors, ids, classes, categories) = (
      ConfigDictionary(), ConfigDictionary(), ConfigDictionary(), ConfigDictionary()
    )
    for label in Self.labels {
      priors[label.name] = number(Double(confusion[label.id].reduce(0, +)) / pixels)
      ids[label.name] = ConfigNode(.int(label.id))
      classes[label.name] = number(classScore(label))
    }
    for category in CityscapesLabel.Category.allCases {
      categories[category.rawValue] = number(categoryScore(category))
    }
    let averages = (
      mean(Self.labels.map(classScore)), mean(CityscapesLabel.Category.allCases.map(categoryScore))
    )
    var result = ConfigDictionary()
    result["confMatrix"] = ConfigNode(
      .list(confusion.map { ConfigNode(.list($0.map { ConfigNode(.int($0)) })) }))
    result["priors"] = ConfigNode(.dictionary(priors))
    result["labels"] = ConfigNode(.dictionary(ids))
    result["classScores"] = ConfigNode(.dictionary(classes))
    result["categoryScores"] = ConfigNode(.dictionary(categories))
    result["averageScoreClasses"] = number(averages.0)
    result["averageScoreCategories"] = number(averages.1)
    func table(_ title: String, _ rows: [(String, Double)], _ average: Double) {
      let cells = (rows.filter { !$0.1.isNaN } + [("Score Average", average)]).map {
        [$0.0, PythonText.fixed($0.1, 3)]
      }
      report(TextTable(columns: [title, "IoU"], rows: cells).text)
    }
    table("classes", Self.labels.map { ($0.name, classScore($0)) }, averages.0)
    table(
      "categories", CityscapesLabel.Category.allCases.map { ($0.rawValue, categoryScore($0)) }, averages.1)
    return result
  }
}
