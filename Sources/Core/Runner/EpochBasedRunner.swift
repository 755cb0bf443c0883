import Logging
import PyConfig

/// Trains epoch by epoch.
///
/// Mirrors mmcv's `EpochBasedRunner`.
public final class EpochBasedRunner: Runner {
  public init(
    model: any TrainableModel, optimizer: Optimizer?, maxEpochs: Int, workDirectory: String? = nil,
    logger: Logger,
    meta: ConfigDictionary? = nil, seed: UInt64 = 0
  ) throws {
    try super.init(
      model: model, optimizer: optimizer, workDirectory: workDirectory, logger: logger, meta: meta,
      seed: seed,
      maxEpochs: maxEpochs, maxIterations: nil)
  }

  public override var isEpochBased: Bool { true }

  /// - Throws: what models, data and hooks throw; `RunInterrupted` if `shouldStop` asks for it.
  public override func run(_ sources: [any BatchSource], workflow: [Workflow] = [.train(1)]) throws {
    let maxEpochs = self.maxEpochs ?? 0
    try checkWorkflow(sources, workflow)
    for (source, flow) in zip(sources, workflow) where flow.mode == .train {
      maxIterations = maxEpochs * source.batchCount
      break
    }
    announce(workflow, limit: "\(maxEpochs) epochs")
    try callHooks(.beforeRun)
    while epoch < maxEpochs {
      for (source, flow) in zip(sources, workflow) {
        for _ in 0..<flow.count {
          switch flow.mode {
          case .train:
            if epoch >= maxEpochs { break }
            try train(source)
          case .val: try validate(source)
          }
        }
      }
    }
    try callHooks(.afterRun)
  }

  private func train(_ source: any BatchSource) throws {
    model.train(true)
    (mode, self.source) = (.train, source)
    maxIterations = (maxEpochs ?? 0) * source.batchCount
    // Not 0 only after resuming from a checkpoint that was written within an epoch.
    let start = resumePoint.innerIteration
    resumePoint = ResumePoint(epoch: epoch, iteration: iteration, innerIteration: start)
    try callHooks(.beforeTrainEpoch)
    let batches = try source.batches(epoch: epoch, from: start)
    var index = start
    while let batch = try batches.next() {
      (self.batch, innerIteration) = (batch, index)
      try callHooks(.beforeTrainIter)
      try step(batch, training: true)
      resumePoint = ResumePoint(epoch: epoch, iteration: iteration + 1, innerIteration: index + 1)
      try callHooks(.afterTrainIter)
      (self.batch, outputs) = (nil, nil)
      iteration += 1
      index += 1
      try stopIfAsked()
    }
    resumePoint = ResumePoint(epoch: epoch + 1, iteration: iteration)
    try callHooks(.afterTrainEpoch)
    epoch += 1
  }

  private func validate(_ source: any BatchSource) throws {
    model.train(false)
    (mode, self.source) = (.val, source)
    try callHooks(.beforeValEpoch)
    let batches = try source.batches(epoch: 0)
    innerIteration = 0
    var index = 0
    while let batch = try batches.next() {
      (self.batch, innerIteration) = (batch, index)
      try callHooks(.beforeValIter)
      try step(batch, training: false)
      try callHooks(.afterValIter)
      (self.batch, outputs) = (nil, nil)
      index += 1
    }
    try callHooks(.afterValEpoch)
  }
}

extension Runner {
  /// - Throws: `RunnerError` when the workflow can't come to an end.
  func checkWorkflow(_ sources: [any BatchSource], _ workflow: [Workflow]) throws {
    guard sources.count == workflow.count else {
      throw RunnerError("workflow: a data set for each of \(workflow.count) flows, found \(sources.count)")
    }
    guard workflow.contains(where: { $0.mode == .train && $0.count > 0 }) else {
      throw RunnerError("workflow: at least one epoch or iteration of 'train', found none")
    }
    if zip(sources, workflow).contains(where: { $0.batchCount == 0 && $1.mode == .train }) {
      throw RunnerError("the training data set has no batches")
    }
  }
}
