import PyConfig
import Core
import Foundation
import Testing

/// `seg-train` and `seg-test` from an empty folder to results.
struct SegToolTests {
  let bench: Workbench
  let run: Execution

  init() throws { (bench, run) = try Trained.blocks.get() }

  private func object(_ line: some StringProtocol) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  @Test func `a run by iterations leaves what the original leaves`() throws {
    run.succeeded()
    let files = bench.files("work")
    let log = try #require(files.first { $0.hasSuffix(".log") })
    #expect(files == [log, "\(log).json", "blocks.py", "iter_15.pth", "iter_30.pth", "latest.pth"])
    let form =
      /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - mmseg - INFO - Iter \[(\d+)\/30\]\tlr: \d\.\d{3}e-\d\d, eta: \d:\d\d:\d\d, time: \d+\.\d{3}, data_time: \d+\.\d{3}, decode\.loss_ce: \d\.\d{4}, decode\.acc_seg: \d+\.\d{4}, loss: \d\.\d{4}/
    let lines = run.errors.split(separator: "\n").map(String.init)
    #expect(
      lines.compactMap { $0.wholeMatch(of: form) }.map { "\($0.1)" } == ["5", "10", "15", "20", "25", "30"])
    #expect(
      lines.contains { $0.contains("- mmseg - INFO - Iter(val) [12]\taAcc: ") && $0.contains(", mIoU: ") })
    #expect(lines.contains { $0.hasSuffix(" - mmseg - INFO - per class results:") })
    #expect(lines.contains("| Class  |  IoU  |  Acc  |"))

    let json = try bench.text("work/\(log).json").split(separator: "\n").map(String.init)
    #expect(try object(json[0])["exp_name"] as? String == "blocks.py")
    let records = try json.dropFirst().map { line in
      (try object(line), line.matches(of: #/"([^"]+)": /#).map { String($0.1) })
    }
    let training = records.filter { $0.0["mode"] as? String == "train" }
    #expect(training.count == 6)
    for (_, keys) in training {
      #expect(
        keys == [
          "mode", "epoch", "iter", "lr", "data_time", "decode.loss_ce", "decode.acc_seg", "loss", "time",
        ])
    }
    let (last, keys) = try #require(records.last { $0.0["mode"] as? String == "val" })
    #expect(
      keys == [
        "mode", "epoch", "iter", "lr", "aAcc", "mIoU", "mAcc", "IoU.ground", "IoU.block", "Acc.ground",
        "Acc.block",
      ])
    #expect(try #require(last["mIoU"] as? Double) > 0.8, "\(last)")
    let checkpoint = try bench.checkpoint("work/latest.pth")
    #expect(checkpoint.meta["CLASSES"]?.items?.map(\.string) == ["ground", "block"])
    #expect(checkpoint.meta["PALETTE"]?.items?.last?.items?.map(\.int) == [255, 0, 0])
  }

  @Test func `class indices, overlays and metrics of a test`() throws {
    let test = try bench.run(
      "seg-test", "configs/blocks.py", "work/latest.pth", "--out", "out", "--show-dir", "shown", "--opacity",
      "1",
      "--eval", "mIoU", "mDice", "--work-dir", "metrics"
    ).succeeded()
    #expect(
      test.output.contains(
        "per class results:\n\n+--------+-------+-------+-------+\n| Class  |  IoU  |  Acc  |  Dice |\n"))
    #expect(bench.files("out") == (0..<12).map { $0 < 10 ? "0\($0).png" : "\($0).png" })
    let (map, shown) = (
      try Image.read(path: bench.file("out/03.png"), mode: .unchanged),
      try Image.read(path: bench.file("shown/03.png"))
    )
    let sizes: [Int] = [map.width, map.height, map.channels, shown.width, shown.height]
    #expect(sizes == ([48, 36, 1, 48, 36] as [Int]))
    let (indices, colors) = (try #require(map.bytes), try #require(shown.bytes))
    #expect(Set(indices) == [0, 1])
    for (pixel, index) in indices.enumerated() {
      #expect(Array(colors[(3 * pixel)..<(3 * pixel + 3)]) == (index == 1 ? [0, 0, 255] : [0, 0, 0]))
    }
    let name = try #require(bench.files("metrics").first)
    #expect(name.wholeMatch(of: /eval_single_scale_\d{8}_\d{6}\.json/) != nil)
    let text = try bench.text("metrics/\(name)")
    #expect(
      text.hasPrefix("{\n    \"config\": \"configs/blocks.py\",\n    \"metric\": {\n        \"aAcc\": "))
    let metric = try #require(try object(text)["metric"] as? [String: Double])
    #expect(metric.count == 3 + 1 + 6 && metric["mIoU"] ?? 0 > 0.8)
    // Counted from the files.
    var (hits, union) = (0, 0)
    for index in 0..<12 {
      let file = index < 10 ? "0\(index).png" : "\(index).png"
      let found = try #require(try Image.read(path: bench.file("out/\(file)"), mode: .unchanged).bytes)
      let truth = try #require(
        try Image.read(path: bench.file("blocks/labels/\(file)"), mode: .unchanged).bytes)
      for (a, b) in zip(found, truth) {
        if a == 1 && b == 1 { hits += 1 }
        if a == 1 || b == 1 { union += 1 }
      }
    }
    #expect(abs((metric["IoU.block"] ?? 0) - Double(hits) / Double(union)) < 1e-4)
  }

  @Test func `test-time augmentation`() throws {
    try bench.run(
      "seg-test", "configs/blocks.py", "work/latest.pth", "--aug-test", "--eval", "mIoU", "--work-dir",
      "augmented"
    ).succeeded()
    let name = try #require(bench.files("augmented").first)
    #expect(name.hasPrefix("eval_multi_scale_"))
    let metric = try #require(try object(bench.text("augmented/\(name)"))["metric"] as? [String: Double])
    #expect(metric["mIoU"] ?? 0 > 0.7)
  }

  @Test func `bad usage`() throws {
    let test = ["configs/blocks.py", "work/latest.pth"]
    let cases: [([String], String)] = [
      ([], "nothing to do: give --out, --eval, --format-only or --show-dir"),
      (
        ["--eval", "mIou"],
        "--eval: one of mIoU, mDice, mFscore, cityscapes, found 'mIou'; did you mean 'mIoU'?"
      ),
      (["--eval", "mIoU", "cityscapes"], "--eval cityscapes does not go together with other metrics"),
      (["--eval", "mIoU", "--format-only"], "--eval and --format-only do not go together"),
      (["--out", "r.pkl"], "--out takes a folder for PNG files, found 'r.pkl'"),
      (["--show"], "--show: there are no windows; use --show-dir"),
      (["--show-dir", "x", "--opacity", "1.5"], "--opacity must be in (0, 1], found 1.5"),
    ]
    for (more, expected) in cases {
      try bench.start("seg-test", test + more).wait().failed(2, "\(expected); see seg-test --help")
    }
    try bench.start("seg-test", test + ["--eval", "cityscapes"]).wait().failed(
      1, "--eval cityscapes is for a CityscapesDataset, found a SegmentationDataset")
    try bench.start("seg-test", test + ["--format-only"]).wait().failed(
      1,
      "--format-only is for ADE20K, Cityscapes and LoveDA, found CustomDataset; --out writes class indices of any data set"
    )
    let unknown = try bench.start("seg-test", test + ["--eval", "mIoU", "--eval-options", "betta=2"]).wait()
    #expect(
      unknown.status == 1
        && unknown.complaint.hasPrefix("--eval-options: unknown key 'betta'; did you mean 'beta'?"))
  }

  @Test func `data that do not fit stop the training`() throws {
    let bench = try Workbench()
    try bench.writeBlocks(4)
    func train(_ more: String...) throws -> Execution {
      try bench.start(
        "seg-train", ["configs/blocks.py", "--work-dir", "work", "--seed", "1", "--cfg-options"] + more
      )
      .wait()
    }
    try train("data.train.dataset.classes=['a','b','c']", "data.train.dataset.palette=None").failed(
      1,
      "configs/blocks.py:3: model: decode_head.num_classes must be the number of the data set's classes, 3 (a, b, c), found 2"
    )
    try bench.remove("blocks/labels/02.png")
    try train("data.workers_per_gpu=0").failed(
      1,
      "blocks/labels/02.png: the label map of blocks/images/02.png must exist, found nothing; "
        + "ann_dir and seg_map_suffix (or a data set's fixed suffix) say where it is looked for")
    try bench.writeBlocks(4, label: 255)
    let masks = try train("data.workers_per_gpu=0")
    #expect(
      masks.status == 1 && masks.complaint.hasSuffix("write 1 instead of 255 (in Python: mask // 255)"),
      "\(masks.complaint)")
    #expect(bench.files("work").filter { $0.hasSuffix(".pth") }.isEmpty)
  }
}
