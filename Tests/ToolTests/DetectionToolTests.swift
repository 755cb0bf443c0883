import PyConfig
import Core
import Foundation
import Testing

/// `det-train` and `det-test`, from an empty folder to pictures with boxes.
struct DetectionToolTests {
  private static let trained = Result {
    let bench = try Workbench()
    try bench.makeFolder("squares")
    try bench.writeSquares()
    let run = try bench.run("det-train", "configs/squares.py", "--work-dir", "work", "--seed", "1")
    return (bench, run)
  }

  let bench: Workbench
  let run: Execution

  init() throws { (bench, run) = try Self.trained.get() }

  @Test func `training logs losses and metrics under the original's names`() throws {
    run.succeeded()
    let files = bench.files("work")
    let log = try #require(files.first { $0.hasSuffix(".log.json") })
    #expect(files.contains("epoch_2.pth") && files.contains("squares.py"))
    let lines = try bench.text("work/\(log)").split(separator: "\n").map(String.init)
    let keys = lines.map { $0.matches(of: #/"([^"]+)": /#).map { String($0.1) } }
    #expect(
      keys.contains([
        "mode", "epoch", "iter", "lr", "data_time", "loss_cls", "loss_bbox", "loss", "grad_norm", "time",
      ]))
    #expect(
      keys.contains([
        "mode", "epoch", "iter", "lr", "bbox_mAP", "bbox_mAP_50", "bbox_mAP_75", "bbox_mAP_s", "bbox_mAP_m",
        "bbox_mAP_l",
        "bbox_mAP_copypaste",
      ]))
    let checkpoint = try bench.checkpoint("work/latest.pth")
    #expect(checkpoint.meta["CLASSES"]?.items?.compactMap(\.string) == ["bright", "dark"])
  }

  @Test func `a test writes results, metrics and pictures`() throws {
    let test = try bench.run(
      "det-test", "configs/squares.py", "work/latest.pth", "--out", "test/result.json", "--eval", "bbox",
      "proposal",
      "--work-dir", "test", "--show-dir", "test/pictures", "--show-score-thr", "0.0", "--eval-options",
      "classwise=True",
      "--cfg-options", "model.test_cfg.score_thr=0.001"
    ).succeeded()
    #expect(test.output.contains("writing results to test/result.json"))
    #expect(test.output.contains("Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = "))
    #expect(test.output.contains("bbox_mAP: ") && test.output.contains("| bright   |"))
    let text = try bench.text("test/result.json")
    let results = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    #expect(results.count == 16)
    let boxes = results.compactMap { $0["bboxes"] as? [[Double]] }
    let labels = results.compactMap { $0["labels"] as? [Int] }
    #expect(boxes.map(\.count) == labels.map(\.count) && boxes.joined().allSatisfy { $0.count == 5 })
    #expect(boxes.joined().count > 0 && labels.joined().allSatisfy { $0 < 2 })
    #expect(bench.files("test/pictures") == (0..<16).map { "\($0).png" }.sorted())
    let name = try #require(bench.files("test").first { $0.hasPrefix("eval_") })
    let metrics = try #require(
      try JSONSerialization.jsonObject(with: Data(try bench.text("test/\(name)").utf8)) as? [String: Any])
    #expect(metrics["config"] as? String == "configs/squares.py")
    let values = try #require(metrics["metric"] as? [String: Any])
    #expect((values["bbox_mAP"] as? Double).map { (0...1).contains($0) } == true)
  }

  @Test func `result files for a server have the file's own numbers`() throws {
    try bench.run(
      "det-test", "configs/squares.py", "work/latest.pth", "--format-only", "--eval-options",
      "jsonfile_prefix=format/out",
      "--cfg-options", "model.test_cfg.score_thr=0.001"
    ).succeeded()
    let text = try bench.text("format/out.bbox.json")
    let entries = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    #expect(!entries.isEmpty)
    #expect(
      entries.allSatisfy {
        [2, 7].contains($0["category_id"] as? Int) && (10..<26).contains($0["image_id"] as? Int ?? 0)
      })
  }

  static let usage: [([String], String)] = [
    ([], "nothing to do: give --out, --eval, --format-only or --show-dir; see det-test --help"),
    (["--show"], "--show: there are no windows; use --show-dir; see det-test --help"),
    (
      ["--eval", "bbox", "--format-only"], "--eval and --format-only do not go together; see det-test --help"
    ),
    (["--out", "x.pkl"], "--out takes a .json file, found 'x.pkl'; see det-test --help"),
    (
      ["--show-dir", "d", "--show-score-thr", "3"],
      "--show-score-thr takes a number in 0...1, found 3.0; see det-test --help"
    ),
  ]

  @Test(arguments: usage) func `bad usage is told`(_ arguments: [String], _ complaint: String) throws {
    try bench.start("det-test", ["configs/squares.py", "work/latest.pth"] + arguments).wait().failed(
      2, complaint)
  }

  @Test func `metrics that are not there are told before the model runs`() throws {
    let run = try bench.run("det-test", "configs/squares.py", "work/latest.pth", "--eval", "bobx")
    run.failed(
      1,
      "evaluation.metric.0: must be one of bbox, segm, proposal, proposal_fast, found 'bobx'; did you mean 'bbox'?"
    )
  }

  @Test func `num_classes must be the data set's`() throws {
    let few = try bench.run(
      "det-train", "configs/squares.py", "--work-dir", "few", "--cfg-options", "model.bbox_head.num_classes=1"
    )
    #expect(
      few.complaint.hasSuffix(
        "model: num_classes must be the number of the data set's classes, 2 (bright, dark...), found 1"))
    let many = try bench.run(
      "det-train", "configs/squares.py", "--work-dir", "many", "--cfg-options",
      "model.bbox_head.num_classes=3")
    many.failed(1, "num_classes of the heads must be the number of the data set's classes, 2, found 3")
  }
}
