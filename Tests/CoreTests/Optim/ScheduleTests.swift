import Core
import OrderedCollections
import PyConfig
import Testing

/// Values: Fixtures/schedules/make.py (mmcv 1.7.2, mmcls 0.25, mmdet 2.28).
@Suite struct ScheduleTests {
  final class TwoGroups: Module, TrainableModel {
    let a = Parameter(Tensor([Float(0)]))
    let b = Parameter(Tensor([Float(0)]))
    var onStep: () -> Void = {}

    func trainStep(_ batch: any TrainingBatch) throws -> TrainOutput {
      onStep()
      return TrainOutput(loss: a.value, logVars: ["loss": 0], sampleCount: 1)
    }
  }

  private func run(_ node: ConfigNode) throws -> (rates: [[Double]], momenta: [[Double]]) {
    let model = TwoGroups()
    let isAdam = node["optimizer"]?.string == "Adam"
    var options: any OptimizerOptions =
      isAdam
      ? try Adam.Options(learningRate: 0.1, beta2: 0.99) : try SGD.Options(learningRate: 0.1, momentum: 0.9)
    let first = ParameterGroup([model.a], options: options)
    options.learningRate = 0.01
    let optimizer = options.makeOptimizer([first, ParameterGroup([model.b], options: options)])
    let plan: RunnerPlan =
      node["kind"]?.string == "epoch"
      ? .epochs(node["epochs"]?.int ?? 0) : .iterations(node["iters"]?.int ?? 0)
    let runner = try plan.makeRunner(model: model, optimizer: optimizer, workDirectory: nil, logger: .silent)
    var config = TrainingHooksConfig([:])
    config.learningRate = node["lr_config"]
    config.momentum = node["momentum_config"]
    try runner.registerTrainingHooks(config, context: runtimeContext())
    var rates: [[Double]] = []
    var momenta: [[Double]] = []
    model.onStep = {
      rates.append(optimizer.learningRates)
      momenta.append(optimizer.momenta)
    }
    try runner.run([ToySource(node["length"]?.int ?? 0, batchSize: 1)])
    return (rates, momenta)
  }

  @Test func `learning rates and momenta equal mmcv's at each iteration`() throws {
    let cases = try #require(try Golden.json("schedules/schedules.json").items)
    #expect(cases.count > 50)
    for node in cases {
      let (rates, momenta) = try run(node)
      let wanted: [(String, [[Double]])] =
        node["momentum"] == nil ? [("lr", rates)] : [("lr", rates), ("momentum", momenta)]
      for (key, actual) in wanted {
        let expected = node[key]?.items?.map(\.doubles) ?? []
        #expect(actual.count == expected.count)
        for (index, (a, e)) in zip(actual, expected).enumerated() {
          let isClose = a.count == e.count && zip(a, e).allSatisfy { abs($0 - $1) <= 1e-12 * max(1, abs($1)) }
          #expect(
            isClose,
            "\(node["lr_config"] as Any) \(node["momentum_config"] as Any) iteration \(index): \(a), \(e)")
          if !isClose { break }
        }
      }
    }
  }

  private func message(_ node: ConfigNode, momentum: ConfigNode? = nil) -> String {
    do {
      let model = TwoGroups()
      let optimizer = SGD([model.a, model.b], try SGD.Options(learningRate: 0.1))
      let runner = try EpochBasedRunner(model: model, optimizer: optimizer, maxEpochs: 1, logger: .silent)
      var config = TrainingHooksConfig([:])
      (config.learningRate, config.momentum) = (node, momentum)
      try runner.registerTrainingHooks(config, context: runtimeContext())
      return ""
    } catch { return "\(error)" }
  }

  @Test func `mistakes in policies are named`() {
    #expect(
      message(["policy": "steps", "step": 1]).contains(
        "lr_config.policy: 'steps' is not in the lr policy registry; did you mean 'Step'?"))
    #expect(message(["policy": "onecycle", "max_lr": 1]).contains("did you mean 'OneCycle'?"))
    #expect(message(["step": 1]).contains("lr_config: missing required key 'policy'"))
    #expect(message(["policy": "step", "step": [0]]).contains("steps must be positive, found 0"))
    #expect(message(["policy": "CosineAnnealing"]).contains("one of min_lr and min_lr_ratio must be given"))
    #expect(
      message(["policy": "fixed", "warmup": "linaer", "warmup_iters": 3]).contains("did you mean 'linear'?"))
    #expect(
      message(["policy": "fixed", "warmup": "linear"]).contains("warmup_iters must be a positive number"))
    #expect(message(["policy": "cyclic", "by_epoch": true]).contains("by_epoch must be False"))
    #expect(message(["policy": "step", "step": 1, "gama": 2]).contains("did you mean 'gamma'?"))
    #expect(message(["policy": "fixed"], momentum: ["policy": "poly"]).contains("momentum policy registry"))
  }
}
