import Core
import Foundation
import OrderedCollections
import PyConfig

/// What `cls-test --out` writes: the original's result file.
public struct ClassificationResults {
  /// The items that `--out-items` can name.
  public enum Item: String, Sendable, CaseIterable {
    case classScores = "class_scores"
    case predictedScore = "pred_score"
    case predictedLabel = "pred_label"
    case predictedClass = "pred_class"
  }

  public var scores: ClassificationTest.Scores
  public var metrics: OrderedDictionary<String, MetricValue>
  /// Names of the classes, as the checkpoint gives them.
  public var classNames: [String]

  public init(
    scores: ClassificationTest.Scores, metrics: OrderedDictionary<String, MetricValue>, classNames: [String]
  ) {
    (self.scores, self.metrics, self.classNames) = (scores, metrics, classNames)
  }

  /// The file's text: one JSON object, metrics first.
  public func json(_ items: [Item]) -> String {
    var parts = metrics.map { "\(PythonText.json($0.key)): \($0.value.json)" }
    let labels = (0..<scores.count).map { scores.label($0) }
    for item in items {
      let value: String
      switch item {
      case .classScores:
        value = list((0..<scores.count).map { image in list(scores[image].map { Self.number($0) }) })
      case .predictedScore:
        value = list(labels.enumerated().map { Self.number(scores.values[$0 * scores.classes + $1]) })
      case .predictedLabel: value = list(labels.map(String.init))
      case .predictedClass:
        value = list(
          labels.map { PythonText.json(classNames.indices.contains($0) ? classNames[$0] : "\($0)") })
      }
      parts.append("\"\(item.rawValue)\": \(value)")
    }
    return "{\(parts.joined(separator: ", "))}"
  }

  private func list(_ items: [String]) -> String { "[\(items.joined(separator: ", "))]" }

  private static func number(_ value: Float) -> String { PythonText.json(Double(value)) }
}

extension MetricValue {
  /// As the tools print it: rounded to two places.
  public var rounded: String {
    switch self {
    case .number(let value): PythonText.repr(PythonText.rounded(value, 2))
    case .perClass(let values):
      "[\(values.map { PythonText.repr(PythonText.rounded($0, 2)) }.joined(separator: ", "))]"
    }
  }

  var json: String {
    switch self {
    case .number(let value): PythonText.json(value)
    case .perClass(let values): "[\(values.map { PythonText.json($0) }.joined(separator: ", "))]"
    }
  }
}
