import Core
import OrderedCollections
import PyConfig

/// How results on a data set are measured: what the original's `evaluate` methods do.
public struct DetectionEvaluation {
  private let measure: ([Detections]) throws -> EvaluationReport

  /// - Parameters:
  ///   - settings: `metric` and other keys of the data set's evaluation.
  ///   - path: where they are in the config.
  /// - Throws: `BuildError` for keys and names that the data set does not know.
  public init(_ dataset: any Dataset, settings: OrderedDictionary<String, ConfigNode>, path: String) throws {
    if let parts = dataset as? ConcatDataset, parts.evaluatesSeparately {
      measure = try Self.parts(parts, settings, path)
      return
    }
    guard let dataset = dataset as? DetectionDataset else {
      throw InvalidConfig(
        "only data sets of detection can be evaluated; use separate_eval=True, or no wrapper")
    }
    let reader = try ConfigReader(ConfigNode(.dictionary(ConfigDictionary(settings))), path: path)
    measure = try dataset.makeMeasure(reader)
  }

  public func callAsFunction(_ results: [Detections]) throws -> EvaluationReport { try measure(results) }

  /// Each part for itself, with names that begin `0_`, `1_`, ...
  private static func parts(
    _ all: ConcatDataset, _ settings: OrderedDictionary<String, ConfigNode>, _ path: String
  ) throws -> ([Detections]) throws -> EvaluationReport {
    let evaluations = try all.datasets.map { try DetectionEvaluation($0, settings: settings, path: path) }
    let counts = all.datasets.map(\.count)
    return { results in
      var (report, start) = (EvaluationReport(), 0)
      for (index, evaluation) in evaluations.enumerated() {
        let part = try evaluation(Array(results[start..<(start + counts[index])]))
        start += counts[index]
        report.text += (index > 0 ? "\n" : "") + part.text
        for (name, value) in part.metrics { report.metrics["\(index)_\(name)"] = value }
      }
      return report
    }
  }
}

extension EvaluationReport {
  /// `{"config": ..., "metric": {...}}`, as the original's `eval_<time>.json`.
  public func json(config: String) -> String {
    let entries = metrics.map { "\(PythonText.json($0.key)): \($0.value.jsonText)" }
    return "{\"config\": \(PythonText.json(config)), \"metric\": {\(entries.joined(separator: ", "))}}"
  }
}

extension LogValue {
  /// As a JSON file has it, with all digits.
  var jsonText: String {
    switch self {
    case .number(let value), .average(let value): PythonText.json(value)
    case .integer(let value): "\(value)"
    case .text(let value): PythonText.json(value)
    case .list(let items): "[" + items.map(\.jsonText).joined(separator: ", ") + "]"
    }
  }

  /// For people.
  public var plainText: String {
    if case .text(let value) = self { value } else { jsonText }
  }
}
