import OrderedCollections
import PyConfig

/// What a task package adds to the training that all tasks share.
public protocol TrainingTask {
  /// The suite whose configs it trains, which is also the name in log lines: `mmcls`.
  var suite: String { get }
  /// Whether validation takes pictures one at a time unless the config says otherwise, as in mmdet and mmseg.
  var testsSingly: Bool { get }
  /// Whether training leaves out a last batch that is not full unless the config says otherwise, as in mmseg.
  var dropsLastBatch: Bool { get }
  /// Hooks of every training, beside those that configs name.
  var standardHooks: [(hook: any Hook, priority: HookPriority)] { get }
  /// Builds the model of a config's `model`.
  func makeModel(_ node: ConfigNode, path: String, _ context: BuildContext) throws -> any TrainableModel
  /// Checks that a model and a data set fit each other.
  ///
  /// - Throws: `InvalidConfig` that says what differs.
  func check(_ model: any TrainableModel, against dataset: any Dataset) throws
  /// Batches of a data set.
  func makeSource(_ dataset: any Dataset, _ options: SourceOptions) throws -> any BatchSource
  /// What measures the model on the validation set.
  ///
  /// - Parameter settings: the keys of the config's `evaluation` that the hook did not take.
  func makeEvaluator(
    _ dataset: any Dataset, _ loader: LoaderSettings, settings: OrderedDictionary<String, ConfigNode>
  ) throws -> any Evaluator
}

extension TrainingTask {
  public var testsSingly: Bool { false }
  public var dropsLastBatch: Bool { false }
  public var standardHooks: [(hook: any Hook, priority: HookPriority)] { [] }
}

/// How a source of batches reads its data set.
public struct SourceOptions: Sendable {
  public var loader: LoaderSettings
  public var seed: UInt64
  /// Leaves out samples that cannot be read, instead of stopping.
  public var skipsBadSamples: Bool
  /// Told of each one left out.
  public var onSkip: @Sendable (any Error) -> Void

  public init(
    loader: LoaderSettings, seed: UInt64, skipsBadSamples: Bool = false,
    onSkip: @escaping @Sendable (any Error) -> Void = { _ in }
  ) {
    (self.loader, self.seed, self.skipsBadSamples, self.onSkip) = (loader, seed, skipsBadSamples, onSkip)
  }
}
