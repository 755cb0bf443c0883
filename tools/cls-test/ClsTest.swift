import ArgumentParser
import Cls
import Core
import Foundation
import OrderedCollections
import PyConfig
import ToolSupport

/// Tests an image classifier: scores for every image, metrics, pictures.
@main
struct ClsTest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cls-test", abstract: "Test an image classifier on the data set of its config.")

  @Argument(help: "The config file (.py, .yaml or .json).")
  var config: String

  @Argument(help: "The checkpoint file (.pth or .safetensors).")
  var checkpoint: String

  @Option(help: "The file for results (.json).")
  var out: String?

  @Option(
    name: .customLong("out-items"), parsing: .upToNextOption,
    help:
      "What the file holds besides metrics: class_scores, pred_score, pred_label, pred_class, all or none.")
  var outItems: [String] = ["all"]

  @Option(
    parsing: .upToNextOption,
    help: """
      Metrics: accuracy, precision, recall, f1_score, support; with several labels a picture mAP, CP, CR, CF1, OP, OR, OF1.
      """)
  var metrics: [String] = []

  @Option(
    name: .customLong("metric-options"), parsing: .upToNextOption, help: "Options of metrics, as topk=(1,5).")
  var metricOptions: [String] = []

  @Option(name: .customLong("show-dir"), help: "The folder for pictures with their predictions.")
  var showDirectory: String?

  @Option(
    name: .customLong("cfg-options"), parsing: .upToNextOption,
    help: "Override settings of the config: a.b.0.c=value.")
  var options: [String] = []

  @Option(help: "The device; only cpu.")
  var device: String?

  mutating func validate() throws {
    if metrics.isEmpty && out == nil && showDirectory == nil {
      throw ValidationError("nothing to do: give --metrics, --out or --show-dir")
    }
    if let out, !out.hasSuffix(".json") { throw ValidationError("--out takes a .json file, found '\(out)'") }
    if let device, device != "cpu" { throw ValidationError("--device: only 'cpu', found '\(device)'") }
    let known = ClassificationMetrics.Metric.allCases.map(\.rawValue)
    for name in metrics where !known.contains(name) {
      let hint = nearest(name, among: known).map { "; did you mean '\($0)'?" } ?? ""
      throw ValidationError("--metrics: one of \(known.joined(separator: ", ")), found '\(name)'\(hint)")
    }
    let items = ClassificationResults.Item.allCases.map(\.rawValue) + ["all", "none"]
    for name in outItems where !items.contains(name) {
      throw ValidationError("--out-items: one of \(items.joined(separator: ", ")), found '\(name)'")
    }
  }

  static func main() { Tool.main(Self.self) }

  func run() throws {
    try Tool.run("cls-test") {
      var test = ClassificationTestRun(
        config: try Config.load(path: config, options: options), checkpoint: checkpoint,
        registries: allRegistries())
      test.metrics = metrics.compactMap(ClassificationMetrics.Metric.init)
      test.options = try metricSettings()
      test.notice = { Tool.note($0) }
      var progress: ProgressBar?
      test.progress = { done, total in
        progress = progress ?? ProgressBar(total: total)
        progress?.show(done)
      }
      let (results, dataset) = try test()
      for (name, value) in results.metrics { print("\n\(name) : \(value.rounded)") }
      if let out {
        print("\ndumping results to \(out)")
        try Tool.write(results.json(items), to: out)
      }
      if let showDirectory { try ResultPictures.write(results, dataset, to: showDirectory) }
    }
  }

  private var items: [ClassificationResults.Item] {
    if outItems.contains("none") { return [] }
    if outItems.contains("all") { return ClassificationResults.Item.allCases }
    return outItems.compactMap(ClassificationResults.Item.init)
  }

  private func metricSettings() throws -> ClassificationMetrics.Options {
    var settings = Config(root: ConfigDictionary(), filename: "<--metric-options>")
    try settings.merge(options: metricOptions)
    do {
      return try ClassificationMetrics.Options(from: settings.root, at: "--metric-options")
    } catch var error as BuildError {
      // The option is the place; there is no file.
      error.location = nil
      throw error
    }
  }
}
