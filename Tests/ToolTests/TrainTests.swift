import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing
import TorchFile

/// `cls-train` from an empty folder to checkpoints.
struct TrainTests {
  let bench: Workbench
  let run: Execution

  init() throws { (bench, run) = try Trained.digits.get() }

  @Test func `a run leaves logs, checkpoints and its config`() throws {
    run.succeeded()
    #expect(run.output.isEmpty)
    let files = bench.files("work")
    let log = try #require(files.first { $0.hasSuffix(".log") })
    #expect(log.wholeMatch(of: /\d{8}_\d{6}\.log/) != nil)
    #expect(files == [log, "\(log).json", "digits.py", "epoch_1.pth", "epoch_2.pth", "latest.pth"])
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: bench.file("work/latest.pth"))
        == "epoch_2.pth")
    // The log file holds what the terminal showed.
    #expect(try bench.text("work/\(log)") == run.errors)
  }

  @Test func `the dumped config is the config`() throws {
    let dumped = try Config.load(path: bench.file("work/digits.py"))
    #expect(dumped.root == (try Config.load(path: bench.file("configs/digits.py"))).root)
  }

  @Test func `text lines have the original's form`() throws {
    let lines = run.errors.split(separator: "\n").map(String.init)
    let form =
      /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - mmcls - INFO - Epoch \[(\d)\]\[(\d+)\/10\]\tlr: 1.000e-01, eta: \d:\d\d:\d\d, time: \d+\.\d{3}, data_time: \d+\.\d{3}, loss: \d\.\d{4}/
    let found = lines.compactMap { $0.wholeMatch(of: form) }.map { "\($0.1) \($0.2)" }
    #expect(found == ["1", "2"].flatMap { epoch in [2, 4, 6, 8, 10].map { "\(epoch) \($0)" } })
    #expect(
      lines.filter {
        $0.contains(#/ - mmcls - INFO - Epoch\(val\) \[\d\]\[4\]\taccuracy_top-1: \d+\.\d{4}$/#)
      }.count == 2)
    #expect(lines.contains { $0.hasSuffix("Set random seed to 3, deterministic: False") })
    #expect(lines.contains { $0.hasSuffix("workflow: [('train', 1)], max: 2 epochs") })
    #expect(lines.contains { $0.hasSuffix("Saving checkpoint at 2 epochs") })
  }

  @Test func `the JSON log has the original's keys`() throws {
    let log = try #require(bench.files("work").first { $0.hasSuffix(".log.json") })
    let lines = try bench.text("work/\(log)").split(separator: "\n").map(String.init)
    let first = try object(lines[0])
    #expect(first["seed"] as? Int == 3)
    #expect(first["exp_name"] as? String == "digits.py")
    #expect((first["env_info"] as? String)?.contains("sys.platform: ") == true)
    #expect(first["config"] as? String == (try Config.load(path: bench.file("configs/digits.py"))).dump(.py))
    #expect(lines.count == 13)
    var losses: [Double] = []
    for line in lines.dropFirst() {
      let keys = line.matches(of: #/"([^"]+)": /#).map { String($0.1) }
      let values = try object(line)
      if values["mode"] as? String == "val" {
        #expect(keys == ["mode", "epoch", "iter", "lr", "accuracy_top-1"])
        #expect(values["iter"] as? Int == 4)
      } else {
        #expect(keys == ["mode", "epoch", "iter", "lr", "data_time", "loss", "time"])
        losses.append(try #require(values["loss"] as? Double))
      }
    }
    #expect(losses.count == 10 && losses[9] < losses[0] / 2)
  }

  @Test func `the checkpoint tells what it is`() throws {
    let checkpoint = try bench.checkpoint("work/latest.pth")
    #expect(checkpoint.state.count == 10 && checkpoint.state.keys.first == "backbone.features.0.weight")
    #expect(checkpoint.meta["epoch"]?.int == 2)
    #expect(checkpoint.meta["iter"]?.int == 20)
    #expect(checkpoint.meta["seed"]?.int == 3)
    #expect(checkpoint.meta["CLASSES"]?.items?.first?.string == "0 - zero")
    #expect(checkpoint.meta["config"]?.string?.hasPrefix("model = dict(") == true)
    #expect(checkpoint.optimizer?["param_groups"]?.elements?.count == 1)
  }

  private func object(_ line: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }
}
