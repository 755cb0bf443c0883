import Core
import Foundation

/// The twelve numbers of a COCO evaluation, and their printed form.
public struct COCOSummary: Sendable {
  /// AP over all thresholds, at 0.5, at 0.75, of small, medium and large objects; AR with each number of detections,
  /// then of small, medium and large objects. -1 where there is nothing to find.
  public let stats: [Double]
  /// As pycocotools prints them, one a line.
  public let text: String

  /// - Parameters:
  ///   - hasThresholds: whether single thresholds are known; those that a config gives as a list are not, and their
  ///     AP is -1, since pycocotools compares a number with the whole list.
  /// - Precondition: there are at least three numbers of detections.
  public init(_ curves: COCOCurves, hasThresholds: Bool = true) {
    let limits = curves.settings.maxDetections
    precondition(limits.count >= 3, "COCOSummary: must have three numbers of detections, found \(limits)")
    let thresholds = curves.settings.thresholds
    var (stats, lines): ([Double], [String]) = ([], [])
    func add(_ measure: COCOCurves.Measure, _ detections: Int, threshold: Double? = nil, area: String = "all")
    {
      let mean =
        threshold != nil && !hasThresholds
        ? -1 : curves.mean(measure, threshold: threshold, area: area, detections: detections)
      stats.append(mean)
      let title = measure == .precision ? "Average Precision  (AP)" : "Average Recall     (AR)"
      let range =
        threshold.map { PythonText.fixed($0, 2) }
        ?? "\(PythonText.fixed(thresholds.first ?? 0, 2)):\(PythonText.fixed(thresholds.last ?? 0, 2))"
      lines.append(
        " \(title) @[ IoU=\(padded(range, -9)) | area=\(padded(area, 6)) | maxDets=\(padded("\(detections)", 3)) ]"
          + " = \(PythonText.fixed(mean, 3))")
    }
    // Upstream asks for the first with 100 detections, whatever the numbers are.
    add(.precision, 100)
    add(.precision, limits[2], threshold: 0.5)
    add(.precision, limits[2], threshold: 0.75)
    for area in ["small", "medium", "large"] { add(.precision, limits[2], area: area) }
    for limit in limits.prefix(3) { add(.recall, limit) }
    for area in ["small", "medium", "large"] { add(.recall, limits[2], area: area) }
    self.stats = stats
    text = lines.joined(separator: "\n") + "\n"
  }
}

/// Text filled up with spaces in front of it or, for a negative width, behind it.
func padded(_ text: String, _ width: Int) -> String {
  let space = String(repeating: " ", count: max(0, abs(width) - text.count))
  return width < 0 ? text + space : space + text
}
