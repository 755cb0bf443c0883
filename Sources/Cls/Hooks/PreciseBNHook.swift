import Core
import PyConfig

/// Replaces the running statistics of batch normalisations, after an epoch, by their plain means over batches that the
/// model sees as it is then.
///
/// Wu and Johnson, 2021, section 3 (<https://arxiv.org/abs/2105.07576>). Mirrors mmcls's `PreciseBNHook`. Checkpoints and
/// averages should see the new statistics: give it the priority `ABOVE_NORMAL`.
public final class PreciseBNHook: Hook {
  public struct Config: ConfigRecord, Sendable {
    /// Images whose statistics are taken.
    public var samples: Int
    /// Epochs between.
    public var interval: Int

    public init(samples: Int = 8192, interval: Int = 1) {
      (self.samples, self.interval) = (samples, interval)
    }

    public init(from reader: inout ConfigReader) throws {
      samples = try reader.value("num_samples", default: 8192)
      guard samples > 0 else {
        throw reader.invalid("must be positive, found \(samples)", key: "num_samples")
      }
      interval = try reader.value("interval", default: 1)
      guard interval > 0 else { throw reader.invalid("must be positive, found \(interval)", key: "interval") }
    }
  }

  private let config: Config

  public init(_ config: Config = Config()) { self.config = config }

  public var stages: Set<HookStage> { [.beforeRun, .afterTrainEpoch] }

  public func beforeRun(_ runner: Runner) throws {
    guard runner.isEpochBased else { throw RunnerError("PreciseBNHook: works with EpochBasedRunner alone") }
  }

  public func afterTrainEpoch(_ runner: Runner) throws {
    guard runner.isEveryEpochs(config.interval) else { return }
    guard let source = runner.source as? DataLoader<HostClassificationBatch> else {
      throw RunnerError("PreciseBNHook: needs the batches of a classification data set")
    }
    runner.note("Running Precise BN for \(config.samples) items...")
    try update(runner, source)
    runner.note("Finish Precise BN, BN stats updated.")
  }

  private func update(_ runner: Runner, _ source: DataLoader<HostClassificationBatch>) throws {
    let count = min(config.samples / source.options.batchSize, source.batchCount)
    guard count > 0 else {
      throw RunnerError(
        "PreciseBNHook: num_samples must be at least a batch, \(source.options.batchSize), found \(config.samples)"
      )
    }
    var layers: [BatchNorm] = []
    var hasOthers = false
    runner.model.forEachModule { _, module in
      guard module.isTraining else { return }
      if let layer = module as? BatchNorm, layer.runningMean != nil { layers.append(layer) }
      if module is GroupNorm || module is InstanceNorm2d { hasOthers = true }
    }
    guard !layers.isEmpty else {
      runner.warn("No BN found in model")
      return
    }
    runner.note("\(layers.count) BN found, run \(count) iters...")
    if hasOthers { runner.note("IN/GN stats will not be updated in PreciseHook.") }

    let momenta = layers.map(\.momentum)
    defer { for (layer, momentum) in zip(layers, momenta) { layer.momentum = momentum } }
    // All of the present batch, nothing of what was before.
    for layer in layers { layer.momentum = 1 }
    var means = layers.map { Tensor.zeros([$0.features]) }
    var variances = means
    // An order of the data that no epoch of the training has.
    let batches = try source.batches(epoch: (runner.maxEpochs ?? 0) + runner.epoch)
    for index in 0..<count {
      guard let batch = try batches.next() else { break }
      let random = RandomSource(seed: runner.seed, -3 - runner.epoch * count - index)
      try RandomSource.$current.withValue(random) {
        try withoutGradient {
          _ = try runner.model.trainStep(batch)
          for (i, layer) in layers.enumerated() {
            if let mean = layer.runningMean?.value { means[i] = means[i] + mean.detached() / Float(count) }
            if let variance = layer.runningVar?.value {
              variances[i] = variances[i] + variance.detached() / Float(count)
            }
          }
        }
      }
    }
    for (i, layer) in layers.enumerated() {
      layer.runningMean?.assign(means[i])
      layer.runningVar?.assign(variances[i])
    }
  }
}
