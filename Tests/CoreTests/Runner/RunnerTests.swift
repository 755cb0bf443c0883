@testable import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing

@Suite struct RunnerTests {
  private func hooks(_ runner: Runner, checkpointEvery interval: Int, byEpoch: Bool, average: Bool = true)
    throws
  {
    runner.register(
      LrUpdaterHook(CosineAnnealingSchedule(to: .value(0)), policy: "CosineAnnealing", byEpoch: false),
      priority: .veryHigh)
    runner.register(OptimizerHook(clip: GradientClip(maxNorm: 1)), priority: .aboveNormal)
    if average { runner.register(try EMAHook(momentum: 0.25, interval: 1), priority: .aboveNormal) }
    var options = CheckpointHook.Options()
    (options.interval, options.byEpoch) = (interval, byEpoch)
    runner.register(CheckpointHook(options))
  }

  private func epochs(_ limit: Int, in folder: TemporaryFolder) throws -> (EpochBasedRunner, ToyModel) {
    let model = ToyModel()
    let optimizer = Adam(model.parameters, try Adam.Options(learningRate: 0.05, amsgrad: true))
    let runner = try EpochBasedRunner(
      model: model, optimizer: optimizer, maxEpochs: limit, workDirectory: folder.path, logger: .silent,
      meta: ConfigDictionary(["seed": 7]), seed: 7)
    return (runner, model)
  }

  private func iterations(_ limit: Int, in folder: TemporaryFolder) throws -> (IterBasedRunner, ToyModel) {
    let model = ToyModel()
    let optimizer = SGD(model.parameters, try SGD.Options(learningRate: 0.05, momentum: 0.9))
    let runner = try IterBasedRunner(
      model: model, optimizer: optimizer, maxIterations: limit, workDirectory: folder.path, logger: .silent,
      seed: 7)
    return (runner, model)
  }

  @Test func `ten epochs equal five, a new start and five more, to the bit`() throws {
    let (a, b) = (try TemporaryFolder(), try TemporaryFolder())
    let (whole, expected) = try epochs(10, in: a)
    try hooks(whole, checkpointEvery: 5, byEpoch: true)
    try whole.run([ToySource(7, batchSize: 2)])

    let (resumed, model) = try epochs(10, in: b)
    try hooks(resumed, checkpointEvery: 5, byEpoch: true)
    try resumed.resume(from: "\(a.path)/epoch_5.pth")
    #expect(resumed.epoch == 5 && resumed.iteration == 20)
    try resumed.run([ToySource(7, batchSize: 2)])
    #expect(resumed.iteration == 40)
    #expect(model.snapshot == expected.snapshot)
    let (x, y) = (
      try Checkpoint(path: "\(a.path)/epoch_10.pth"), try Checkpoint(path: "\(b.path)/epoch_10.pth")
    )
    #expect(x.state == y.state && x.optimizer == y.optimizer)
  }

  @Test(arguments: [1, 4, 9, 10, 11]) func `a run by iterations goes on from any of them`(_ at: Int) throws {
    let (a, b) = (try TemporaryFolder(), try TemporaryFolder())
    let (whole, expected) = try iterations(18, in: a)
    try hooks(whole, checkpointEvery: 1, byEpoch: false)
    let source = ToySource(10, batchSize: 2)
    try whole.run([source])

    let (resumed, model) = try iterations(18, in: b)
    try hooks(resumed, checkpointEvery: 1, byEpoch: false)
    try resumed.resume(from: "\(a.path)/iter_\(at).pth")
    #expect(resumed.iteration == at)
    let again = ToySource(10, batchSize: 2)
    try resumed.run([again])
    #expect(model.snapshot == expected.snapshot)
    #expect(
      again.made.map { [$0.epoch, $0.index] } == source.made.dropFirst(at).map { [$0.epoch, $0.index] })
  }

  @Test func `an interrupted epoch goes on where it stopped`() throws {
    let (a, b) = (try TemporaryFolder(), try TemporaryFolder())
    let (whole, expected) = try epochs(3, in: a)
    try hooks(whole, checkpointEvery: 1, byEpoch: true)
    try whole.run([ToySource(7, batchSize: 2)])

    let (first, _) = try epochs(3, in: b)
    try hooks(first, checkpointEvery: 1, byEpoch: true)
    first.shouldStop = { [unowned first] in first.iteration == 6 }
    let checkpoint = "\(b.path)/interrupted_iter_6.pth"
    #expect(throws: RunInterrupted(checkpoint: checkpoint)) { try first.run([ToySource(7, batchSize: 2)]) }

    let (resumed, model) = try epochs(3, in: b)
    try hooks(resumed, checkpointEvery: 1, byEpoch: true)
    #expect(try resumed.autoResume(from: b.path))
    #expect(resumed.epoch == 1 && resumed.iteration == 6)
    let source = ToySource(7, batchSize: 2)
    try resumed.run([source])
    #expect(source.made.first?.index == 2)
    #expect(model.snapshot == expected.snapshot)
  }

  @Test func `a checkpoint of mmcv without the exact position goes on as mmcv does`() throws {
    let folder = try TemporaryFolder()
    let (first, _) = try epochs(2, in: folder)
    try hooks(first, checkpointEvery: 1, byEpoch: true, average: false)
    try first.run([ToySource(3, batchSize: 1)])
    var saved = try Checkpoint(path: "\(folder.path)/epoch_1.pth")
    saved.meta["progress"] = nil
    try saved.write(to: "\(folder.path)/old.pth")
    let (resumed, _) = try epochs(2, in: folder)
    try resumed.resume(from: "\(folder.path)/old.pth")
    #expect(resumed.epoch == 1 && resumed.iteration == 3 && resumed.innerIteration == 0)
  }

  @Test func `auto-resume passes over broken files with a warning`() throws {
    let folder = try TemporaryFolder()
    let (first, _) = try epochs(3, in: folder)
    try hooks(first, checkpointEvery: 1, byEpoch: true)
    try first.run([ToySource(3, batchSize: 1)])
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder.path)/latest.pth") == "epoch_3.pth")
    // Cut the latest one short.
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/epoch_3.pth"))
    try data.prefix(data.count / 2).write(to: URL(fileURLWithPath: "\(folder.path)/epoch_3.pth"))
    let log = LogRecorder()
    let (resumed, _) = try epochs(3, in: folder)
    resumed.logger = log.logger
    #expect(try resumed.autoResume(from: folder.path))
    #expect(resumed.epoch == 2)
    #expect(log.lines.filter { $0.hasPrefix("WARNING skipping \(folder.path)/latest.pth") }.count == 1)
    let empty = try TemporaryFolder()
    #expect(try !resumed.autoResume(from: empty.path))
  }

  @Test func `best score and file survive a resume`() throws {
    final class Score: Evaluator {
      let batchCount = 1
      let score: Double
      init(_ score: Double) { self.score = score }
      func evaluate(_ model: any TrainableModel, runner: Runner) throws -> OrderedDictionary<String, LogValue>
      {
        ["acc": .number(score)]
      }
    }
    let folder = try TemporaryFolder()
    func train(_ limit: Int, _ score: Double, resume: String? = nil) throws {
      let (runner, _) = try epochs(limit, in: folder)
      var options = EvalHook.Options()
      options.saveBest = "auto"
      // Before the checkpoint, so that it carries the score.
      runner.register(try EvalHook(options, evaluator: Score(score)), priority: .high)
      try hooks(runner, checkpointEvery: 1, byEpoch: true, average: false)
      if let resume { try runner.resume(from: "\(folder.path)/\(resume)") }
      try runner.run([ToySource(2, batchSize: 1)])
    }
    try train(1, 0.5)
    #expect(folder.files.contains("best_acc_epoch_1.pth"))
    try train(2, 0.4, resume: "epoch_1.pth")
    #expect(folder.files.contains("best_acc_epoch_1.pth") && !folder.files.contains("best_acc_epoch_2.pth"))
    try train(3, 0.6, resume: "epoch_2.pth")
    #expect(folder.files.filter { $0.hasPrefix("best_") } == ["best_acc_epoch_3.pth"])
  }

  @Test func `a folder that can't be written leaves the run's state and older files as they are`() throws {
    let folder = try TemporaryFolder()
    let (runner, model) = try epochs(1, in: folder)
    try hooks(runner, checkpointEvery: 1, byEpoch: true)
    try runner.run([ToySource(2, batchSize: 1)])
    let before = (model.snapshot, try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/epoch_1.pth")))
    // A folder stands where the next checkpoint should be.
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/next.pth", withIntermediateDirectories: false)
    do {
      try runner.saveCheckpoint(to: folder.path, name: "next.pth")
      Issue.record("no error")
    } catch { #expect("\(error)".hasPrefix("\(folder.path)/next.pth: cannot")) }
    #expect(model.snapshot == before.0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/epoch_1.pth")) == before.1)
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder.path)/latest.pth") == "epoch_1.pth")
    #expect(folder.files.filter { $0.hasSuffix(".part") } == [])
  }

  @Test func `workflows that can't end are refused`() throws {
    let folder = try TemporaryFolder()
    let (runner, _) = try epochs(1, in: folder)
    #expect(throws: RunnerError("workflow: at least one epoch or iteration of 'train', found none")) {
      try runner.run([ToySource(1, batchSize: 1)], workflow: [.val(1)])
    }
    #expect(throws: RunnerError("the training data set has no batches")) {
      try runner.run([ToySource(0, batchSize: 1)])
    }
    #expect(throws: RunnerError("workflow: a data set for each of 1 flows, found 0")) { try runner.run([]) }
  }

  @Test func `runners are built by name`() throws {
    let context = runtimeContext()
    let plan = try context.registries.runners.build(
      ["type": "IterBasedRunner", "max_iters": 40], path: "runner", context: context)
    #expect(plan == .iterations(40))
    do {
      _ = try context.registries.runners.build(
        ["type": "EpochBasedRunner", "max_iters": 4], path: "runner", context: context)
      Issue.record("no error")
    } catch { #expect("\(error)".contains("runner: missing required key 'max_epochs'")) }
  }

  @Test func `averages in the buffer weigh samples`() {
    var buffer = LogBuffer()
    buffer.update(["loss": 1, "acc": 10], count: 1)
    buffer.update(["loss": 4], count: 3)
    buffer.update(["loss": 7], count: 2)
    buffer.average(2)
    #expect(buffer.output == ["loss": .average(26.0 / 5), "acc": .average(10)])
    buffer.average()
    #expect(buffer.output["loss"] == .average(27.0 / 6))
    buffer.clear()
    #expect(buffer.output.isEmpty && !buffer.isReady)
  }
}
