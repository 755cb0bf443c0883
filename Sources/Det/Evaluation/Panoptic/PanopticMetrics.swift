import Core
import OrderedCollections

/// The numbers that mmdet's `CocoPanopticDataset.evaluate` gives for the metric `PQ`.
public struct PanopticMetrics: Sendable {
  /// A class.
  public struct Category: Sendable {
    public var name: String
    /// Whether its objects can be counted.
    public var isThing: Bool

    public init(name: String, isThing: Bool) { (self.name, self.isThing) = (name, isThing) }
  }

  public var categories: [Category]
  /// Also prints the qualities of each class.
  public var isClasswise = false

  public init(categories: [Category]) { self.categories = categories }

  /// - Parameter counts: one a class.
  public func report(_ counts: [PanopticQuality.Counts]) -> EvaluationReport {
    precondition(
      counts.count == categories.count,
      "PanopticMetrics: must have counts of \(categories.count) classes, found \(counts.count)")
    var report = EvaluationReport()
    var rows = [["", "PQ", "SQ", "RQ", "categories"]]
    var all: [Double] = []
    let groups: [(String, String, Bool?)] = [
      ("All", "", nil), ("Things", "_th", true), ("Stuff", "_st", false),
    ]
    for (name, suffix, isThing) in groups {
      let chosen = counts.indices.filter { isThing == nil || categories[$0].isThing == isThing }
      let (means, classes) = Self.means(chosen.map { counts[$0] })
      rows.append([name] + means.map { PythonText.fixed($0 * 100, 3) } + ["\(classes)"])
      for (key, mean) in zip(["PQ", "SQ", "RQ"], means) {
        report.metrics[key + suffix] = .number(100 * mean)
        all.append(100 * mean)
      }
    }
    report.print("Panoptic Evaluation Results:\n" + AsciiTable(rows: rows).text)
    if isClasswise { report.print("Classwise Panoptic Evaluation Results:\n" + classTable(counts)) }
    report.metrics["PQ_copypaste"] = .text(all.map { PythonText.fixed($0, 3) }.joined(separator: " "))
    return report
  }

  /// The mean qualities of the classes that occur, and how many these are. Of none, upstream divides by zero; here
  /// they are 0.
  private static func means(_ counts: [PanopticQuality.Counts]) -> ([Double], Int) {
    let known = counts.filter { $0.pairs + $0.surplus + $0.missed > 0 }.map(\.quality)
    guard !known.isEmpty else { return ([0, 0, 0], 0) }
    let n = Double(known.count)
    return (
      [
        known.reduce(0) { $0 + $1.panoptic } / n, known.reduce(0) { $0 + $1.segmentation } / n,
        known.reduce(0) { $0 + $1.recognition } / n,
      ], known.count
    )
  }

  /// Two classes a row.
  private func classTable(_ counts: [PanopticQuality.Counts]) -> String {
    let pairs = min(2, categories.count)
    var rows = [(0..<pairs).flatMap { _ in ["category", "PQ", "SQ", "RQ"] }]
    for start in stride(from: 0, to: categories.count, by: max(pairs, 1)) {
      rows.append(
        (start..<(start + pairs)).flatMap { index -> [String] in
          guard index < categories.count else { return ["None", "None", "None", "None"] }
          let quality = counts[index].quality
          return [categories[index].name]
            + [quality.panoptic, quality.segmentation, quality.recognition].map {
              PythonText.fixed($0 * 100, 3)
            }
        })
    }
    return AsciiTable(rows: rows).text
  }
}
