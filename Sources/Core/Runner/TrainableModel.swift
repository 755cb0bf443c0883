import OrderedCollections

/// A model that a runner can train: it turns a batch into a loss and into numbers for the log.
///
/// Mirrors `train_step` and `val_step` of the models of mmcls, mmdet and mmseg.
public protocol TrainableModel: Module {
  /// The loss of a batch, in a graph that leads to the parameters.
  ///
  /// - Throws: when the batch is not of the type that this model takes, or its contents do not fit.
  func trainStep(_ batch: any TrainingBatch) throws -> TrainOutput

  /// The same in a validation workflow; the runner calls it with the model in evaluation mode and without gradients.
  func valStep(_ batch: any TrainingBatch) throws -> TrainOutput
}

extension TrainableModel {
  public func valStep(_ batch: any TrainingBatch) throws -> TrainOutput { try trainStep(batch) }
}

/// What one step of a model gives to the runner.
public struct TrainOutput {
  /// One number: the sum of all losses.
  public var loss: Tensor
  /// Losses and accuracies by the names under which they are logged, in that order; `loss` among them.
  public var logVars: OrderedDictionary<String, Double>
  /// Samples of the batch: the weight of `logVars` in averages.
  public var sampleCount: Int

  public init(loss: Tensor, logVars: OrderedDictionary<String, Double>, sampleCount: Int) {
    (self.loss, self.logVars, self.sampleCount) = (loss, logVars, sampleCount)
  }
}
