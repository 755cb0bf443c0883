import Logging
import OrderedCollections

/// Takes the step: clears gradients, runs the loss backward, clips, and updates the parameters.
///
/// Mirrors mmcv's `OptimizerHook`. With clipping, `grad_norm` in the log is the norm before it.
public class OptimizerHook: Hook {
  public let name: String
  public let clip: GradientClip?
  /// Whether parameters that the loss does not depend on are named in the log.
  public let detectsAnomalousParameters: Bool

  public init(
    clip: GradientClip? = nil, detectsAnomalousParameters: Bool = false, name: String = "OptimizerHook"
  ) {
    (self.clip, self.detectsAnomalousParameters, self.name) = (clip, detectsAnomalousParameters, name)
  }

  public var stages: Set<HookStage> { [.afterTrainIter] }

  public func beforeRun(_ runner: Runner) throws {}

  public func afterTrainIter(_ runner: Runner) throws {
    let optimizer = try runner.requireOptimizer(name)
    optimizer.zeroGradient()
    let output = try output(runner)
    output.loss.backward()
    if detectsAnomalousParameters { reportAnomalous(runner) }
    try update(optimizer, runner, sampleCount: output.sampleCount)
  }

  /// The present outputs.
  ///
  /// - Throws: `RunnerError` when no gradient can flow from the loss.
  final func output(_ runner: Runner) throws -> TrainOutput {
    guard let output = runner.outputs else { throw RunnerError("\(name): the model gave no loss") }
    guard output.loss.requiresGradient, output.loss.count == 1 else {
      throw RunnerError(
        "\(name): the loss of iteration \(runner.iteration + 1) must be one number that depends on a trainable "
          + "parameter, found shape \(output.loss.shape)"
          + (output.loss.requiresGradient ? "" : " without a gradient"))
    }
    return output
  }

  final func update(_ optimizer: Optimizer, _ runner: Runner, sampleCount: Int) throws {
    var factor: Float = 1
    if let measured = clip?.measure(runner.model.parameters) {
      runner.logBuffer.update(["grad_norm": Double(measured.norm)], count: sampleCount)
      factor = measured.factor
    }
    optimizer.step(gradientScale: factor)
  }

  private func reportAnomalous(_ runner: Runner) {
    for (key, parameter) in runner.model.namedParameters
    where parameter.requiresGradient && parameter.gradient == nil {
      runner.logger.error(
        "\(key) with shape torch.Size(\(parameter.shape)) is not in the computational graph \n")
    }
  }
}

/// Takes one step for the gradients of several iterations, whose losses are averaged.
///
/// Mirrors mmcv's `GradientCumulativeOptimizerHook`; iterations at the end of the run that are too few for a group
/// are averaged among themselves.
public final class GradientCumulativeOptimizerHook: OptimizerHook {
  public let iterations: Int
  private var remainder = 0
  private var isPrepared = false

  /// - Precondition: `iterations` is positive.
  public init(
    iterations: Int, clip: GradientClip? = nil, detectsAnomalousParameters: Bool = false,
    name: String = "GradientCumulativeOptimizerHook"
  ) {
    precondition(
      iterations > 0, "GradientCumulativeOptimizerHook: a positive number of iterations, found \(iterations)")
    self.iterations = iterations
    super.init(clip: clip, detectsAnomalousParameters: detectsAnomalousParameters, name: name)
  }

  public override func afterTrainIter(_ runner: Runner) throws {
    let optimizer = try runner.requireOptimizer(name)
    guard let total = runner.maxIterations else {
      throw RunnerError("\(name): the number of iterations of the run must be known")
    }
    if !isPrepared { prepare(runner, total) }
    let output = try output(runner)
    let divisor: Int
    if runner.iteration < total - remainder {
      divisor = iterations
    } else {
      divisor = remainder
      runner.logger.warning(
        """
        Loss will be divided by \(remainder) in the last \(remainder) iterations because they are not enough for \
        \(iterations) cumulative_iters.
        """)
    }
    (output.loss / Float(divisor)).backward()
    if runner.isEveryIterations(iterations) || runner.isLastIteration {
      try update(optimizer, runner, sampleCount: output.sampleCount)
      optimizer.zeroGradient()
    }
  }

  private func prepare(_ runner: Runner, _ total: Int) {
    isPrepared = true
    remainder = total % iterations
    if runner.iteration % iterations != 0 {
      runner.logger.warning(
        """
        Resume iter number is not divisible by cumulative_iters in GradientCumulativeOptimizerHook, which means the \
        gradient of some iters is lost and the result may be influenced slightly.
        """)
    }
    let hasNorm = runner.model.namedModules.contains { $0.module is any BatchNormalizationLayer }
    if hasNorm, iterations > 1 {
      runner.logger.warning(
        """
        GradientCumulativeOptimizerHook may slightly decrease performance if the model has BatchNorm layers.
        """)
    }
  }
}
