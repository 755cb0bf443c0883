import Core
import OrderedCollections

/// The numbers of an LVIS evaluation, and their printed form.
struct LVISSummary {
  /// `AP`, `AP50`, `AP75`, of small, medium and large objects (`APs` ...), of rare, common and frequent classes
  /// (`APr` ...), then `AR@300` and the like; -1 where there is nothing to find.
  let results: OrderedDictionary<String, Double>
  let text: String

  init(_ curves: COCOCurves, _ truth: COCOGroundTruth) {
    let limit = LVISMetrics.limit
    let ranks = truth.ranks
    func precision(_ threshold: Double? = nil, area: String = "all", frequency: Character? = nil) -> Double {
      let classes = frequency.map { frequency in
        truth.categories.indices.filter { truth.categories[$0].frequency == frequency }.map { ranks[$0] }
          .sorted()
      }
      return curves.mean(.precision, threshold: threshold, area: area, detections: limit, categories: classes)
    }
    var results: OrderedDictionary<String, Double> = [
      "AP": precision(), "AP50": precision(0.5), "AP75": precision(0.75),
    ]
    for area in ["small", "medium", "large"] { results["AP\(area.prefix(1))"] = precision(area: area) }
    for frequency: Character in ["r", "c", "f"] {
      results["AP\(frequency)"] = precision(frequency: frequency)
    }
    results["AR@\(limit)"] = curves.mean(.recall, detections: limit)
    for area in ["small", "medium", "large"] {
      results["AR\(area.prefix(1))@\(limit)"] = curves.mean(.recall, area: area, detections: limit)
    }
    self.results = results
    text = results.map { Self.line($0.key, $0.value, limit) + "\n" }.joined()
  }

  private static func line(_ name: String, _ value: Double, _ limit: Int) -> String {
    let title = name.hasPrefix("AP") ? "Average Precision  (AP)" : "Average Recall     (AR)"
    let mark = name.count > 2 ? Array(name)[2] : " "
    let range = mark.isNumber ? PythonText.fixed((Double(name.dropFirst(2)) ?? 0) / 100, 2) : "0.50:0.95"
    let area = "sml".contains(mark) ? String(mark) : "all"
    let group = "rcf".contains(mark) ? String(mark) : "all"
    return
      " \(title) @[ IoU=\(padded(range, -9)) | area=\(padded(area, 6)) | maxDets=\(padded("\(limit)", 3)) "
      + "catIds=\(padded(group, 3))] = \(PythonText.fixed(value, 3))"
  }
}
