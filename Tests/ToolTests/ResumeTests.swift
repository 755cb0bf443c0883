import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing
import TorchFile

/// Training that stops and goes on ends where training without a stop ends, to the bit.
struct ResumeTests {
  private func train(
    _ bench: Workbench, _ config: String, _ work: String, epochs: Int, workers: Int, _ more: [String] = []
  )
    throws
  {
    let options = [
      "runner.max_epochs=\(epochs)", "data.workers_per_gpu=\(workers)", "checkpoint_config.interval=100",
    ]
    try bench.start(
      "cls-train",
      ["configs/\(config).py", "--work-dir", work, "--seed", "5", "--no-validate"] + more + ["--cfg-options"]
        + options
    ).wait().succeeded()
  }

  /// The losses of a run's log.
  private func losses(_ bench: Workbench, _ work: String) throws -> [String] {
    let log = try #require(bench.files(work).first { $0.hasSuffix(".log.json") })
    return try bench.text("\(work)/\(log)").matches(of: #/"epoch": (\d+), "iter": (\d+).*"loss": ([\d.e-]+)/#)
      .map { "\($0.1) \($0.2) \($0.3)" }
  }

  @Test func `resumed runs equal straight ones, for any number of workers`() throws {
    let bench = try Workbench()
    try bench.writeDigits()
    try train(bench, "digits", "straight", epochs: 10, workers: 0)
    let expected = try bench.checkpoint("straight/epoch_10.pth")
    let losses = try losses(bench, "straight")
    #expect(losses.count == 50)
    for workers in [0, 1, 3] {
      try train(bench, "digits", "half\(workers)", epochs: 5, workers: workers)
      try train(
        bench, "digits", "whole\(workers)", epochs: 10, workers: workers,
        ["--resume-from", "half\(workers)/epoch_5.pth"])
      let resumed = try bench.checkpoint("whole\(workers)/epoch_10.pth")
      #expect(resumed.state == expected.state, "\(workers) workers")
      #expect(resumed.optimizer == expected.optimizer, "\(workers) workers")
      #expect(resumed.meta["iter"] == expected.meta["iter"])
      #expect(
        try self.losses(bench, "half\(workers)") + self.losses(bench, "whole\(workers)") == losses,
        "\(workers) workers")
    }
  }

  @Test func `normalisation and random pictures resume too`() throws {
    let bench = try Workbench()
    try bench.writePictures()
    try train(bench, "pictures", "straight", epochs: 4, workers: 3)
    try train(bench, "pictures", "half", epochs: 2, workers: 0)
    try train(bench, "pictures", "whole", epochs: 4, workers: 1, ["--resume-from", "half/latest.pth"])
    let (expected, resumed) = (
      try bench.checkpoint("straight/latest.pth"), try bench.checkpoint("whole/latest.pth")
    )
    #expect(resumed.state == expected.state)
    #expect(resumed.optimizer == expected.optimizer)
    #expect(expected.state["backbone.bn1.num_batches_tracked"]?.asInt64() == [12])
  }

  @Test func `the number of threads changes nothing`() throws {
    let bench = try Workbench()
    try bench.writePictures()
    for threads in ["1", "3"] {
      try bench.run(
        "cls-train", "configs/pictures.py", "--work-dir", "threads\(threads)", "--seed", "5", "--no-validate",
        environment: ["MMSWIFT_NUM_THREADS": threads]
      ).succeeded()
    }
    #expect(
      try bench.checkpoint("threads1/latest.pth").state == bench.checkpoint("threads3/latest.pth").state)
  }
}
