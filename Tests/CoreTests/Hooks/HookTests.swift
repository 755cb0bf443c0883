@testable import Core
import Foundation
import OrderedCollections
import PyConfig
import TestSupport
import Testing
import TorchFile

@Suite struct HookTests {
  /// A runner over the toy model with an SGD optimizer.
  private func toy(
    epochs: Int = 1, rate: Double = 0.1, folder: TemporaryFolder? = nil, log: LogRecorder = LogRecorder(),
    seed: UInt64 = 5
  ) throws -> (runner: EpochBasedRunner, model: ToyModel, optimizer: SGD) {
    let model = ToyModel()
    let optimizer = SGD(model.parameters, try SGD.Options(learningRate: rate, momentum: 0.9))
    let runner = try EpochBasedRunner(
      model: model, optimizer: optimizer, maxEpochs: epochs, workDirectory: folder?.path, logger: log.logger,
      seed: seed)
    return (runner, model, optimizer)
  }

  @Test func `hooks run by priority, equal ones in the order of registration`() throws {
    final class Note: Hook {
      let name: String
      let write: (String) -> Void
      init(_ name: String, _ write: @escaping (String) -> Void) { (self.name, self.write) = (name, write) }
      var stages: Set<HookStage> { [.afterTrainIter] }
      func afterTrainIter(_ runner: Runner) throws { write(name) }
    }
    var order: [String] = []
    let (runner, _, _) = try toy()
    for (name, priority) in [
      ("c", HookPriority.normal), ("d", .normal), ("e", .lowest), ("a", .highest), ("b", .high),
    ] {
      runner.register(Note(name) { order.append($0) }, priority: priority)
    }
    try runner.run([ToySource(1, batchSize: 1)])
    #expect(order == ["a", "b", "c", "d", "e"])
  }

  @Test func `priorities come by name and by number`() throws {
    #expect(try HookPriority(from: "very_low", at: "p") == .veryLow)
    #expect(try HookPriority(from: 49, at: "p").name == "49")
    #expect(throws: BuildError(.invalid("a priority must lie in 0...100, found 101"), path: "p")) {
      try HookPriority(from: 101, at: "p")
    }
    do {
      _ = try HookPriority(from: "NORMALL", at: "custom_hooks.0.priority")
    } catch { #expect("\(error)".contains("did you mean 'NORMAL'?")) }
  }

  @Test func `each registered hook implements the stages that it lists`() throws {
    let context = runtimeContext()
    let needed: [String: ConfigNode] = [
      "StepLrUpdaterHook": ["step": 1], "ExpLrUpdaterHook": ["gamma": 0.9],
      "InvLrUpdaterHook": ["gamma": 0.9],
      "OneCycleLrUpdaterHook": ["max_lr": 0.1], "StepMomentumUpdaterHook": ["step": 1],
      "CosineRestartLrUpdaterHook": ["periods": [100], "min_lr": 0],
      "YOLOXLrUpdaterHook": ["num_last_epochs": 1, "min_lr": 0.1],
    ]
    for name in context.registries.hooks.names {
      var node: ConfigNode = needed[name] ?? [:]
      node["type"] = ConfigNode(.string(name))
      if node.dictionary?.entries.count == 1, name.contains("Annealing") {
        node[name.contains("Momentum") ? "min_momentum" : "min_lr"] = 0.1
      }
      let folder = try TemporaryFolder()
      let (runner, _, _) = try toy(epochs: 2, folder: folder)
      if ["Wandb", "Pavi", "Neptune", "Mlflow", "Dvclive", "ClearML", "Segmind"].contains(where: {
        name.contains($0)
      }) {
        #expect(throws: BuildError.self) {
          try context.registries.hooks.build(node, path: "hook", context: context)
        }
        continue
      }
      // Loggers ask for the time.
      runner.register(IterTimerHook(), priority: .high)
      runner.register(try context.registries.hooks.build(node, path: "hook", context: context))
      let source = ToySource(3, batchSize: 1)
      try runner.run([source, source], workflow: [.train(1), .val(1)])
      #expect(runner.iteration == 6, "\(name)")
    }
  }

  @Test func `gradients are clipped and their norm is logged before that`() throws {
    let (runner, model, _) = try toy(rate: 1)
    model.dropout = 0
    model.lossScale = 100
    runner.register(OptimizerHook(clip: GradientClip(maxNorm: 0.5)), priority: .aboveNormal)
    let before = model.snapshot
    try runner.run([ToySource(1, batchSize: 1)])
    let norm = try #require(runner.logBuffer.latest("grad_norm"))
    #expect(norm > 1)
    let change = model.namedParameters.flatMap { key, parameter in
      zip(parameter.value.detached().floats, before[key] ?? []).map { Double($0 - $1) }
    }
    let length = change.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(abs(length - 0.5) < 1e-4)
  }

  @Test func `a loss without a gradient is an error`() throws {
    let (runner, model, _) = try toy()
    model.setRequiresGradient(false)
    runner.register(OptimizerHook())
    do {
      try runner.run([ToySource(1, batchSize: 1)])
      Issue.record("no error")
    } catch {
      #expect("\(error)".contains("the loss of iteration 1 must be one number that depends on a trainable"))
    }
  }

  @Test func `anomalous parameters are named`() throws {
    final class Half: Module, TrainableModel {
      let used = Parameter(Tensor([Float(1)]))
      let idle = Parameter(Tensor([Float(1), 2]))
      func trainStep(_ batch: any TrainingBatch) throws -> TrainOutput {
        TrainOutput(loss: used.value.sum(), logVars: [:], sampleCount: 1)
      }
    }
    let model = Half()
    let log = LogRecorder()
    let runner = try EpochBasedRunner(
      model: model, optimizer: SGD(model.parameters, try SGD.Options(learningRate: 1)), maxEpochs: 1,
      logger: log.logger)
    runner.register(OptimizerHook(detectsAnomalousParameters: true))
    try runner.run([ToySource(1, batchSize: 1)])
    #expect(log.lines.contains("ERROR idle with shape torch.Size([2]) is not in the computational graph \n"))
    #expect(!log.lines.contains { $0.contains("ERROR used") })
  }

  @Test func `accumulated gradients are averages, also of the rest`() throws {
    // 5 iterations in groups of 2: the last stands alone.
    func train(_ hook: any Hook) throws -> (ToyModel, [Int]) {
      let (runner, model, optimizer) = try toy()
      model.dropout = 0
      runner.register(hook)
      var steps: [Int] = []
      var last = model.snapshot
      model.onStep = { batch in
        if model.snapshot["first.weight"] != last["first.weight"] { steps.append(batch.index) }
        last = model.snapshot
      }
      try runner.run([ToySource(5, batchSize: 1)])
      _ = optimizer
      return (model, steps)
    }
    let (accumulated, steps) = try train(GradientCumulativeOptimizerHook(iterations: 2))
    #expect(steps == [2, 4])
    // The same by hand.
    let model = ToyModel()
    let byHand = SGD(model.parameters, try SGD.Options(learningRate: 0.1, momentum: 0.9))
    model.dropout = 0
    for group in [[0, 1], [2, 3], [4]] {
      for index in group {
        let output = try model.trainStep(ToyBatch(epoch: 0, index: index, size: 1))
        (output.loss / Float(group.count)).backward()
      }
      byHand.step()
      byHand.zeroGradient()
    }
    #expect(accumulated.snapshot == model.snapshot)
  }

  @Test func `a loss that is no number stops the run by name`() throws {
    let (runner, model, _) = try toy()
    model.onStep = { if $0.index == 3 { model.lossScale = .nan } }
    runner.register(CheckInvalidLossHook(interval: 2))
    do {
      try runner.run([ToySource(9, batchSize: 1)])
      Issue.record("no error")
    } catch {
      #expect(
        "\(error)".hasPrefix("the loss of iteration 4 (epoch 1) must be finite, found nan: loss_toy nan"))
    }
    #expect(runner.iteration == 3)
  }

  @Test func `without that hook the run goes on`() throws {
    let (runner, model, _) = try toy()
    model.lossScale = .nan
    runner.register(OptimizerHook(clip: GradientClip(maxNorm: 1)))
    try runner.run([ToySource(3, batchSize: 1)])
    #expect(runner.iteration == 3)
    #expect(model.snapshot["first.weight"]?.allSatisfy(\.isNaN) == true)
  }

  @Test func `averages of parameters follow mmcv's formula and take the model's place between epochs`() throws
  {
    let hook = try EMAHook(momentum: 0.3, interval: 2)
    let folder = try TemporaryFolder()
    let (runner, model, _) = try toy(epochs: 2, folder: folder)
    model.dropout = 0
    runner.register(OptimizerHook(), priority: .high)
    runner.register(hook, priority: .aboveNormal)
    runner.register(
      CheckpointHook(
        {
          var options = CheckpointHook.Options(); options.interval = 1; return options
        }()))
    var average = model.first.weight.value.detached().floats
    var index = 0
    final class Watch: Hook {
      var after: (Runner) -> Void = { _ in }
      var stages: Set<HookStage> { [.afterTrainIter] }
      func afterTrainIter(_ runner: Runner) throws { after(runner) }
    }
    let watch = Watch()
    watch.after = { runner in
      if runner.iteration % 2 == 0 {
        let m = min(0.3 * 0.3, Double(1 + runner.iteration) / Double(100 + runner.iteration))
        average = zip(average, model.first.weight.value.detached().floats).map {
          $0 * Float(1 - m) + Float(m) * $1
        }
      }
      index += 1
    }
    runner.register(watch, priority: .low)
    try runner.run([ToySource(5, batchSize: 1)])
    #expect(index == 10)
    // After the last epoch the model holds the averages, the checkpoint both.
    expectClose(model.first.weight.value, average.map(Double.init), relative: 1e-6, absolute: 1e-7)
    let saved = try Checkpoint(path: "\(folder.path)/epoch_2.pth")
    #expect(saved.state["first.weight"]?.asFloat32() == model.first.weight.value.detached().floats)
    #expect(saved.state["ema_first_weight"]?.asFloat32() == hook.extraState["ema_first_weight"]?.floats)
    #expect(saved.state["ema_first_weight"] != saved.state["first.weight"])
    // PyTorch lists the root's own buffers before the children.
    #expect(Array(saved.state.keys.prefix(3)) == ["running_mean", "num_batches_tracked", "ema_first_weight"])
  }

  @Test func `momenta of mmdet's averages`() throws {
    let exponential = try EMAHook(rule: .exponential(total: 2000), momentum: 0.0001)
    #expect(abs(exponential.weight(at: 0) - 0.9995001749666714) < 1e-9)
    #expect(exponential.name == "ExpMomentumEMAHook")
    let linear = try EMAHook(rule: .linear(100), momentum: 0.5, interval: 2)
    #expect(linear.weight(at: 0) == 0.01 && linear.weight(at: 100_000) == 0.25)
    #expect(throws: InvalidConfig("momentum must lie in (0, 1), found 1.0")) { try EMAHook(momentum: 1) }
  }

  @Test func `rules of best scores`() throws {
    final class Nothing: Evaluator {
      let batchCount = 1
      func evaluate(_ model: any TrainableModel, runner: Runner) throws -> OrderedDictionary<String, LogValue>
      { [:] }
    }
    func message(_ key: String, _ rule: EvalHook.Rule? = nil) -> String {
      var options = EvalHook.Options()
      (options.saveBest, options.rule) = (key, rule)
      do {
        _ = try EvalHook(options, evaluator: Nothing())
        return ""
      } catch { return "\(error)" }
    }
    #expect(
      message("bbox_mAP") == "" && message("loss_bbox") == "" && message("AR@100") == ""
        && message("PQ", .greater) == "")
    #expect(message("PQ").contains("cannot infer the rule for key 'PQ'"))
    let (runner, _, _) = try toy()
    do {
      try runner.registerEvaluation(["interval": 0]) { _ in Nothing() }
    } catch { #expect("\(error)" == "evaluation: interval must be a positive number, found 0") }
    do {
      try runner.registerEvaluation(["rule": "graeter"]) { _ in Nothing() }
    } catch { #expect("\(error)".contains("did you mean 'greater'?")) }
  }

  @Test func `evaluation starts and repeats as mmcv counts`() throws {
    final class Count: Evaluator {
      let batchCount = 1
      var at: [Int] = []
      func evaluate(_ model: any TrainableModel, runner: Runner) throws -> OrderedDictionary<String, LogValue>
      {
        at.append(runner.epoch + 1)
        return ["acc": .number(0)]
      }
    }
    func epochs(_ change: (inout EvalHook.Options) -> Void) throws -> [Int] {
      var options = EvalHook.Options()
      change(&options)
      let counter = Count()
      let (runner, _, _) = try toy(epochs: 8)
      runner.register(try EvalHook(options, evaluator: counter), priority: .low)
      try runner.run([ToySource(1, batchSize: 1)])
      return counter.at
    }
    #expect(try epochs { $0.interval = 3 } == [3, 6])
    #expect(
      try epochs {
        $0.interval = 2; $0.start = 3
      } == [3, 5, 7])
    #expect(
      try epochs {
        $0.start = 0; $0.interval = 4
      } == [4, 8])
    #expect(
      try epochs {
        $0.interval = 5; $0.dynamicIntervals = [(6, 1)]
      } == [5, 6, 7, 8])
  }

  @Test func `TensorBoard files have records with valid checksums`() throws {
    let folder = try TemporaryFolder()
    let (runner, _, _) = try toy(folder: folder)
    runner.register(OptimizerHook())
    var options = LoggerHook.Options()
    options.interval = 2
    runner.register(IterTimerHook(), priority: .low)
    runner.register(TensorboardLoggerHook(options), priority: .veryLow)
    try runner.run([ToySource(4, batchSize: 1)])
    let logs = "\(folder.path)/tf_logs"
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: logs).first)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(logs)/\(name)")))
    func word(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * $1) } }
    var at = 0
    var records = 0
    while at < bytes.count {
      let length = Int(word(at))
      #expect(word(at + 8) == EventFile.maskedChecksum(Array(bytes[at..<at + 8])))
      #expect(word(at + 12 + length) == EventFile.maskedChecksum(Array(bytes[at + 12..<at + 12 + length])))
      at += 16 + length
      records += 1
    }
    // The version, then loss_toy, loss, learning_rate and momentum, twice.
    #expect(records == 9)
    // The check value of CRC-32C is E3069283.
    let crc: UInt32 = 0xE306_9283
    #expect(EventFile.maskedChecksum(Array("123456789".utf8)) == (crc >> 15 | crc << 17) &+ 0xA282_EAD8)
    #expect(String(decoding: bytes, as: UTF8.self).contains("train/loss_toy"))
  }
}
