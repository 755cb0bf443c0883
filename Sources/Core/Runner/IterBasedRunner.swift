import Logging
import PyConfig

/// Trains iteration by iteration; epochs only tell how often the data were seen.
///
/// Mirrors mmcv's `IterBasedRunner`. A resumed run goes on where the data were left; the original starts them again.
public final class IterBasedRunner: Runner {
  public init(
    model: any TrainableModel, optimizer: Optimizer?, maxIterations: Int, workDirectory: String? = nil,
    logger: Logger, meta: ConfigDictionary? = nil, seed: UInt64 = 0
  ) throws {
    try super.init(
      model: model, optimizer: optimizer, workDirectory: workDirectory, logger: logger, meta: meta,
      seed: seed,
      maxEpochs: nil, maxIterations: maxIterations)
  }

  public override var isEpochBased: Bool { false }

  /// - Throws: what models, data and hooks throw; `RunInterrupted` if `shouldStop` asks for it.
  public override func run(_ sources: [any BatchSource], workflow: [Workflow] = [.train(1)]) throws {
    let maxIterations = self.maxIterations ?? 0
    try checkWorkflow(sources, workflow)
    announce(workflow, limit: "\(maxIterations) iters")
    try callHooks(.beforeRun)
    let streams = zip(sources, workflow).map { source, flow in
      EndlessBatches(source, skipping: flow.mode == .train ? iteration : 0)
    }
    source = streams.first?.source
    try callHooks(.beforeEpoch)
    while iteration < maxIterations {
      for (stream, flow) in zip(streams, workflow) {
        innerIteration = 0
        for _ in 0..<flow.count {
          switch flow.mode {
          case .train:
            if iteration >= maxIterations { break }
            try train(stream)
          case .val: try validate(stream)
          }
        }
      }
    }
    try callHooks(.afterEpoch)
    try callHooks(.afterRun)
  }

  private func train(_ stream: EndlessBatches) throws {
    model.train(true)
    (mode, source, epoch) = (.train, stream.source, stream.epoch)
    let batch = try stream.next()
    self.batch = batch
    resumePoint = ResumePoint(epoch: epoch, iteration: iteration)
    try callHooks(.beforeTrainIter)
    try step(batch, training: true)
    resumePoint.iteration = iteration + 1
    try callHooks(.afterTrainIter)
    (self.batch, outputs) = (nil, nil)
    innerIteration += 1
    iteration += 1
    try stopIfAsked()
  }

  private func validate(_ stream: EndlessBatches) throws {
    model.train(false)
    (mode, source) = (.val, stream.source)
    epoch = stream.epoch
    let batch = try stream.next()
    self.batch = batch
    try callHooks(.beforeValIter)
    try step(batch, training: false)
    try callHooks(.afterValIter)
    (self.batch, outputs) = (nil, nil)
    innerIteration += 1
  }
}

/// The batches of a source, epoch after epoch.
private final class EndlessBatches {
  let source: any BatchSource
  private(set) var epoch: Int
  private let start: Int
  private var current: (any BatchIterator)?

  init(_ source: any BatchSource, skipping count: Int) {
    self.source = source
    let size = max(1, source.batchCount)
    (epoch, start) = count.quotientAndRemainder(dividingBy: size)
  }

  func next() throws -> any TrainingBatch {
    let batches = try current ?? source.batches(epoch: epoch, from: start)
    current = batches
    if let batch = try batches.next() { return batch }
    epoch += 1
    let again = try source.batches(epoch: epoch)
    current = again
    guard let batch = try again.next() else {
      throw RunnerError("epoch \(epoch) of the data set has no batches, \(source.batchCount) were announced")
    }
    return batch
  }
}
