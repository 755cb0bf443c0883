import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing

/// What happens to a training that is stopped from outside.
struct InterruptionTests {
  private let options = [
    "checkpoint_config.by_epoch=False", "checkpoint_config.interval=1", "checkpoint_config.max_keep_ckpts=3",
    "log_config.interval=1", "data.samples_per_gpu=16",
  ]

  @Test func `killed twenty times, a run goes on and ends as if it had not been`() throws {
    let bench = try Workbench()
    try bench.writeDigits()
    let arguments = ["configs/digits.py", "--seed", "7", "--no-validate"]
    let length = ["runner.max_epochs=8"]
    try bench.start("cls-train", arguments + ["--work-dir", "straight", "--cfg-options"] + length + options)
      .wait()
      .succeeded()
    let resumed = arguments + ["--work-dir", "work", "--auto-resume", "--cfg-options"] + length + options
    var generator = SystemRandomNumberGenerator()
    var kills = 0
    while kills < 20 {
      let running = try bench.start("cls-train", resumed)
      usleep(UInt32.random(in: 20_000...500_000, using: &generator))
      running.send(SIGKILL)
      let ended = running.wait()
      if ended.wasKilled {
        kills += 1
      } else {
        // It was done before; a new run takes the rest of the kills.
        ended.succeeded()
        try bench.remove("work")
        continue
      }
      for name in bench.files("work") where name.hasSuffix(".pth") {
        let checkpoint = try bench.checkpoint("work/\(name)")
        #expect(checkpoint.meta["iter"] != nil && checkpoint.state.count == 10, "\(name)")
      }
    }
    try bench.start("cls-train", resumed).wait().succeeded()
    let (expected, found) = (
      try bench.checkpoint("straight/latest.pth"), try bench.checkpoint("work/latest.pth")
    )
    #expect(found.meta["iter"]?.int == 159)
    #expect(found.state == expected.state)
    #expect(found.optimizer == expected.optimizer)
    #expect(bench.files("work").filter { $0.hasSuffix(".part") }.isEmpty)
    #expect(bench.files("work").filter { $0.hasPrefix("iter_") }.count == 3)
  }

  @Test(arguments: [SIGINT, SIGTERM]) func `an interrupted run saves and can go on`(signal: Int32) throws {
    let bench = try Workbench()
    try bench.writeDigits()
    let arguments = ["configs/digits.py", "--work-dir", "work", "--seed", "7", "--no-validate"]
    let running = try bench.start("cls-train", arguments + ["--cfg-options", "runner.max_epochs=100000"])
    running.waitFor("Epoch [2][4/10]")
    running.send(signal)
    let ended = running.wait()
    let saved = try #require(bench.files("work").first { $0.hasPrefix("interrupted_iter_") })
    ended.failed(130, "interrupted; resume from \(bench.file("work/\(saved)"))")
    let done = try #require(Int(saved.dropFirst("interrupted_iter_".count).dropLast(4)))
    #expect(ended.errors.contains("Interrupted; the state is saved in \(bench.file("work/\(saved)"))"))
    // The last batch of an epoch is over before its end is.
    let epoch = (done - 1) / 10
    let epochs = epoch + 1
    let resumed = try bench.start(
      "cls-train", arguments + ["--auto-resume", "--cfg-options", "runner.max_epochs=\(epochs)"]
    ).wait().succeeded()
    #expect(resumed.errors.contains("resumed epoch \(epoch), iter \(done)\n"))
    try bench.start(
      "cls-train",
      ["configs/digits.py", "--work-dir", "straight", "--seed", "7", "--no-validate", "--cfg-options"]
        + ["runner.max_epochs=\(epochs)", "checkpoint_config.interval=-1"]
    ).wait().succeeded()
    #expect(
      try bench.checkpoint("work/latest.pth").state == bench.checkpoint("straight/latest.pth").state)
  }
}
