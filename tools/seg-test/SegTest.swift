import ArgumentParser
import Core
import Foundation
import PyConfig
import Seg
import ToolSupport

/// Tests a segmentor: label maps for every picture, metrics, overlays.
@main
struct SegTest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seg-test", abstract: "Test a semantic segmentation model on the data set of its config.")

  @OptionGroup var config: ConfigOptions

  @Argument(help: "The checkpoint file (.pth or .safetensors).")
  var checkpoint: String

  @Option(name: .customLong("work-dir"), help: "The folder for the file of metrics.")
  var workDirectory: String?

  @Flag(name: .customLong("aug-test"), help: "Average over six sizes, mirrored and not.")
  var augments = false

  @Option(help: "The folder for class indices, one PNG file a picture.")
  var out: String?

  @Flag(
    name: .customLong("format-only"),
    help: "Write the files that a benchmark's server takes, without evaluation.")
  var formatOnly = false

  @Option(parsing: .upToNextOption, help: "Metrics: mIoU, mDice, mFscore; or cityscapes.")
  var eval: [String] = []

  @Option(name: .customLong("show-dir"), help: "The folder for pictures with the classes painted over them.")
  var showDirectory: String?

  @Option(help: "How much of the colours is seen in them, in (0, 1].")
  var opacity = 0.5

  @Option(
    name: .customLong("eval-options"), parsing: .upToNextOption,
    help: "Options of evaluation and format: nan_to_num=V, beta=B, imgfile_prefix=FOLDER, to_label_id=True.")
  var evalOptions: [String] = []

  @OptionGroup var ignored: IgnoredTestOptions

  mutating func validate() throws {
    if out == nil && eval.isEmpty && !formatOnly && showDirectory == nil {
      throw ValidationError("nothing to do: give --out, --eval, --format-only or --show-dir")
    }
    if formatOnly && !eval.isEmpty { throw ValidationError("--eval and --format-only do not go together") }
    if let out, out.hasSuffix(".pkl") || out.hasSuffix(".pickle") {
      throw ValidationError("--out takes a folder for PNG files, found '\(out)'")
    }
    let known = SegmentationMetrics.Metric.allCases.map(\.rawValue) + ["cityscapes"]
    for name in eval where !known.contains(name) {
      let hint = nearest(name, among: known).map { "; did you mean '\($0)'?" } ?? ""
      throw ValidationError("--eval: one of \(known.joined(separator: ", ")), found '\(name)'\(hint)")
    }
    if eval.contains("cityscapes") && eval.count > 1 {
      throw ValidationError("--eval cityscapes does not go together with other metrics")
    }
    guard opacity > 0, opacity <= 1 else {
      throw ValidationError("--opacity must be in (0, 1], found \(opacity)")
    }
  }

  static func main() { Tool.main(Self.self) }

  func run() throws {
    try Tool.run("seg-test") {
      var test = SegmentationTestRun(
        config: try config.load(), checkpoint: checkpoint, registries: allRegistries())
      let settings = try SegmentationTestOptions(evalOptions)
      if !eval.isEmpty {
        let metrics = eval.compactMap(SegmentationMetrics.Metric.init)
        test.evaluation =
          eval == ["cityscapes"] ? .cityscapes : .metrics(SegmentationMetrics(metrics, settings.metrics))
      }
      (test.outDirectory, test.showDirectory, test.opacity, test.augments) = (
        out, showDirectory, opacity, augments
      )
      test.formatDirectory = formatOnly ? settings.formatDirectory : nil
      test.keepsTrainIDs = settings.keepsTrainIDs
      test.notice = { Tool.note($0) }
      test.report = { print($0) }
      var progress: ProgressBar?
      test.progress = { done, total in
        progress = progress ?? ProgressBar(total: total)
        progress?.show(done)
      }
      let metrics = try test()
      guard !eval.isEmpty else { return }
      let stem = URL(fileURLWithPath: config.config).deletingPathExtension().lastPathComponent
      try Tool.write(
        EvaluationFile(config: config.config, metrics: metrics).json,
        to: "\(workDirectory ?? "./work_dirs/\(stem)")/\(EvaluationFile.name(isAugmented: augments))")
    }
  }
}
