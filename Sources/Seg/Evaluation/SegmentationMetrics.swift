import Core
import OrderedCollections
import PyConfig

/// Which numbers are made of counts of pixels. Mirrors mmseg's `eval_metrics`.
public struct SegmentationMetrics: Sendable {
  public enum Metric: String, Sendable, CaseIterable, ConfigDecodable {
    case meanIoU = "mIoU"
    case meanDice = "mDice"
    case meanFscore = "mFscore"
  }

  /// The original's `eval_metrics` has these; its data sets do not pass them on.
  public struct Options: Sendable {
    /// What stands for metrics of classes that do not occur; `nil` leaves them out of means.
    public var nanReplacement: Double?
    /// The weight of recall in the F score.
    public var beta = 1.0

    public init() {}

    init(from reader: inout ConfigReader) throws {
      nanReplacement = try reader.optional("nan_to_num")
      beta = try reader.value("beta", default: 1)
      guard beta > 0, beta <= 1e6 else {
        throw reader.invalid("must be in 0...1000000, found \(beta)", key: "beta")
      }
    }
  }

  public var metrics: [Metric]
  public var options: Options

  public init(_ metrics: [Metric], _ options: Options = Options()) {
    (self.metrics, self.options) = (metrics, options)
  }

  /// Shares in 0...1: the accuracy over all pixels, and for each class one of each quantity, in the original's order.
  public struct Values: Sendable {
    public var accuracy: Double
    public var perClass: OrderedDictionary<String, [Double]>
  }

  /// The metrics; NaN for classes of which there is nothing to be said.
  public func callAsFunction(_ counts: SegmentationCounts) -> Values {
    let (hits, predicted) = (counts.intersection.map(Double.init), counts.predicted.map(Double.init))
    let (labelled, union) = (counts.labelled.map(Double.init), counts.union.map(Double.init))
    func ratio(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 / $1 } }
    var values: OrderedDictionary<String, [Double]> = [:]
    for metric in metrics {
      switch metric {
      case .meanIoU:
        values["IoU"] = ratio(hits, union)
        values["Acc"] = ratio(hits, labelled)
      case .meanDice:
        values["Dice"] = ratio(hits.map { 2 * $0 }, zip(predicted, labelled).map { $0 + $1 })
        values["Acc"] = ratio(hits, labelled)
      case .meanFscore:
        let (precision, recall) = (ratio(hits, predicted), ratio(hits, labelled))
        let square = options.beta * options.beta
        values["Fscore"] = zip(precision, recall).map { (1 + square) * ($0 * $1) / (square * $0 + $1) }
        values["Precision"] = precision
        values["Recall"] = recall
      }
    }
    let accuracy = Double(counts.intersection.reduce(0, +)) / Double(counts.labelled.reduce(0, +))
    guard let replacement = options.nanReplacement else {
      return Values(accuracy: accuracy, perClass: values)
    }
    func replaced(_ value: Double) -> Double { value.isNaN ? replacement : value }
    return Values(accuracy: replaced(accuracy), perClass: values.mapValues { $0.map(replaced) })
  }
}

extension SegmentationMetrics.Values {
  /// As the original reports them: rounded to hundredths of a percent, the means before the classes.
  public func results(_ classNames: [String]) -> OrderedDictionary<String, Double> {
    var results: OrderedDictionary<String, Double> = [:]
    for (name, value) in summary { results[name] = value / 100 }
    for (quantity, values) in percentages {
      for (name, value) in zip(classNames, values) { results["\(quantity).\(name)"] = value / 100 }
    }
    return results
  }

  /// `aAcc`, `mIoU`, ... in percent.
  var summary: [(name: String, value: Double)] {
    [("aAcc", Self.percent(accuracy))]
      + perClass.map { quantity, values in
        let known = values.filter { !$0.isNaN }
        return ("m\(quantity)", Self.percent(known.reduce(0, +) / Double(known.count)))
      }
  }

  var percentages: [(name: String, values: [Double])] { perClass.map { ($0, $1.map(Self.percent)) } }

  private static func percent(_ share: Double) -> Double { PythonText.roundedByNumpy(share * 100, 2) }

  /// The two tables that the original prints.
  func report(_ classNames: [String]) -> [String] {
    let rows = classNames.indices.map { index in
      [classNames[index]] + percentages.map { PythonText.repr($0.values[index]) }
    }
    return [
      "per class results:", "\n" + TextTable(columns: ["Class"] + percentages.map(\.name), rows: rows).text,
      "Summary:",
      "\n" + TextTable(columns: summary.map(\.name), rows: [summary.map { PythonText.repr($0.value) }]).text,
    ]
  }
}
