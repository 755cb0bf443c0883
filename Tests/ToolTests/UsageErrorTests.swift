import Foundation
import Testing

/// Bad usage: exit code 2 and one line that says what to write instead.
struct UsageErrorTests {
  let bench: Workbench

  init() throws { bench = try Trained.digits.get().bench }

  private func refuses(
    _ tool: String, _ arguments: [String], _ complaint: String, _ location: SourceLocation = #_sourceLocation
  )
    throws
  {
    let run = try bench.start(tool, arguments).wait()
    run.failed(2, complaint, location)
    #expect(run.errors.hasPrefix("\(tool): error: "), sourceLocation: location)
    #expect(run.output.isEmpty, sourceLocation: location)
  }

  @Test(arguments: [
    ("cls-train", ["x.py"]), ("cls-test", ["x.py", "x.pth", "--metrics", "accuracy"]),
    ("seg-train", ["x.py"]), ("seg-test", ["x.py", "x.pth", "--out", "x"]), ("print-config", ["x.py"]),
    ("model-info", ["x.py"]), ("convert-checkpoint", ["x.pth", "y.pth"]),
    ("image-demo", ["x.py", "x.pth", "x.png"]),
  ])
  func `every tool has help and refuses unknown options`(tool: String, arguments: [String]) throws {
    let help = try bench.run(tool, "--help").succeeded()
    #expect(help.output.contains("USAGE: \(tool) "))
    try refuses(tool, arguments + ["--zzzzzzzzzz"], "Unknown option '--zzzzzzzzzz'; see \(tool) --help")
  }

  @Test func `missing arguments`() throws {
    try refuses("cls-train", [], "Missing expected argument '<config>'; see cls-train --help")
    try refuses(
      "cls-test", ["configs/digits.py"], "Missing expected argument '<checkpoint>'; see cls-test --help")
  }

  @Test func `options of cls-train`() throws {
    try refuses(
      "cls-train", ["configs/digits.py", "--cfg-options", "novalue"],
      "--cfg-options takes key=value, found 'novalue'; see cls-train --help")
    try refuses(
      "cls-train", ["configs/digits.py", "--device", "cuda"],
      "--device: only 'cpu', found 'cuda'; see cls-train --help")
    try refuses(
      "cls-train", ["configs/digits.py", "--auto-resume", "--resume-from", "x.pth"],
      "--resume-from and --auto-resume do not go together; see cls-train --help")
    try refuses(
      "cls-train", ["configs/digits.py", "--seed", "many"],
      "The value 'many' is invalid for '--seed <seed>'; see cls-train --help")
  }

  @Test func `options of cls-test`() throws {
    let test = ["configs/digits.py", "work/latest.pth"]
    try refuses("cls-test", test, "nothing to do: give --metrics, --out or --show-dir; see cls-test --help")
    try refuses(
      "cls-test", test + ["--metrics", "acuracy"],
      "--metrics: one of accuracy, precision, recall, f1_score, support, mAP, CP, CR, CF1, OP, OR, OF1, found 'acuracy'; did you mean 'accuracy'?; "
        + "see cls-test --help")
    try refuses(
      "cls-test", test + ["--out", "result.pkl"],
      "--out takes a .json file, found 'result.pkl'; see cls-test --help")
    try refuses(
      "cls-test", test + ["--out", "result.json", "--out-items", "scores"],
      "--out-items: one of class_scores, pred_score, pred_label, pred_class, all, none, found 'scores'; "
        + "see cls-test --help")
  }

  @Test func `options of metrics are checked where they are used`() throws {
    let test = ["configs/digits.py", "work/latest.pth", "--metrics", "accuracy", "--metric-options"]
    try bench.start("cls-test", test + ["tok=1"]).wait().failed(
      1,
      "--metric-options: unknown key 'tok'; did you mean 'topk'? accepted keys: average_mode, k, thr, thrs, topk"
    )
    try bench.start("cls-test", test + ["topk=11"]).wait().failed(
      1,
      "metric_options.topk: at most the number of classes (10), found 11; set metric_options=dict(topk=(1, )) in the "
        + "config's evaluation")
  }

  @Test func `options of model-info and print-config`() throws {
    try refuses(
      "model-info", ["configs/digits.py", "--shape", "0"],
      "--shape takes one or two positive numbers, found [0]; see model-info --help")
    try refuses(
      "print-config", ["configs/digits.py", "--format", "toml"],
      "The value 'toml' is invalid for '--format <format>'. Please provide one of 'py', 'json' or 'yaml'.; "
        + "see print-config --help")
  }
}
