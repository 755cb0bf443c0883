import ArgumentParser
import Core
import Det
import OrderedCollections
import PyConfig
import ToolSupport

/// Tests a detector: the objects in every picture, metrics, pictures.
@main
struct DetTest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "det-test", abstract: "Test a detector on the data set of its config.")

  @Argument(help: "The config file (.py, .yaml or .json).")
  var config: String

  @Argument(help: "The checkpoint file (.pth or .safetensors).")
  var checkpoint: String

  @Option(name: .customLong("work-dir"), help: "The folder for the file with metrics, eval_<time>.json.")
  var workDirectory: String?

  @Option(help: "The file for results (.json).")
  var out: String?

  @Option(
    parsing: .upToNextOption, help: "Metrics that the data set knows: bbox, segm, proposal; mAP, recall; ...")
  var eval: [String] = []

  @Option(
    name: .customLong("eval-options"), parsing: .upToNextOption,
    help: "Options of metrics, as classwise=True.")
  var evalOptions: [String] = []

  @Flag(
    name: .customLong("format-only"),
    help: "Write result files for a test server: --eval-options jsonfile_prefix=P.")
  var formatsOnly = false

  @Option(name: .customLong("show-dir"), help: "The folder for pictures with their objects.")
  var showDirectory: String?

  @Option(name: .customLong("show-score-thr"), help: "The least score of objects that are drawn.")
  var showScoreThreshold: Float = 0.3

  @Flag(
    name: .customLong("fuse-conv-bn"),
    help: "Accepted as by the original; testing always folds normalisation.")
  var fuses = false

  @Option(
    name: .customLong("cfg-options"), parsing: .upToNextOption,
    help: "Override settings of the config: a.b.0.c=value.")
  var options: [String] = []

  @OptionGroup var ignored: IgnoredTestOptions

  mutating func validate() throws {
    if eval.isEmpty && out == nil && showDirectory == nil && !formatsOnly {
      throw ValidationError("nothing to do: give --out, --eval, --format-only or --show-dir")
    }
    if !eval.isEmpty && formatsOnly { throw ValidationError("--eval and --format-only do not go together") }
    if let out, !out.hasSuffix(".json") { throw ValidationError("--out takes a .json file, found '\(out)'") }
    guard (0...1).contains(showScoreThreshold) else {
      throw ValidationError("--show-score-thr takes a number in 0...1, found \(showScoreThreshold)")
    }
  }

  static func main() { Tool.main(Self.self) }

  func run() throws {
    try Tool.run("det-test") {
      var test = DetectionTestRun(
        config: try Config.load(path: config, options: options), checkpoint: checkpoint,
        registries: allRegistries())
      test.notice = { Tool.note($0) }
      var progress: ProgressBar?
      test.progress = { done, total in
        progress = progress ?? ProgressBar(total: total)
        progress?.show(done)
      }
      (test.metrics, test.options) = (eval, try evaluationSettings())
      let outcome = try test()
      if let out {
        print("\nwriting results to \(out)")
        try Tool.write(DetectionResults(outcome.pictures).json, to: out)
      }
      if let showDirectory {
        try DetectionPictures(outcome, scoreThreshold: showScoreThreshold).write(to: showDirectory)
      }
      if formatsOnly {
        let files = try ResultFiles(outcome.dataset, test.options).write(outcome.pictures)
        print(files.map { "wrote \($0)" }.joined(separator: "\n"))
      }
      guard let report = try outcome.evaluation?.callAsFunction(outcome.pictures) else { return }
      print(report.text)
      print(report.metrics.map { "\($0.key): \($0.value.plainText)" }.joined(separator: "\n"))
      if let workDirectory {
        try Tool.write(report.json(config: config), to: "\(workDirectory)/eval_\(Runner.timeStamp()).json")
      }
    }
  }

  /// `--eval-options`, in the config's language.
  private func evaluationSettings() throws -> OrderedDictionary<String, ConfigNode> {
    var settings = Config(root: ConfigDictionary(), filename: "<--eval-options>")
    try settings.merge(options: evalOptions)
    return settings.root.dictionary?.entries ?? [:]
  }
}
