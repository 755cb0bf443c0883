import Core

/// Checks before training and validation that the head tells as many classes apart as the data set has.
///
/// Mirrors mmcls's `ClassNumCheckHook`.
public final class ClassNumCheckHook: Hook {
  public init() {}

  public var stages: Set<HookStage> {
    [.beforeTrainEpoch, .beforeValEpoch, .beforeTrainIter, .beforeValIter]
  }

  public func beforeTrainEpoch(_ runner: Runner) throws { try check(runner) }
  public func beforeValEpoch(_ runner: Runner) throws { try check(runner) }
  public func beforeTrainIter(_ runner: Runner) throws { if !runner.isEpochBased { try check(runner) } }
  public func beforeValIter(_ runner: Runner) throws { if !runner.isEpochBased { try check(runner) } }

  private func check(_ runner: Runner) throws {
    guard let dataset = (runner.source as? DataLoader<HostClassificationBatch>)?.dataset else { return }
    guard let names = dataset.classNames else {
      runner.warn(
        "Please set `CLASSES` in the \(type(of: dataset)) and check if it is consistent with the `num_classes` of head"
      )
      return
    }
    guard let classes = (runner.model as? ImageClassifier)?.classes, classes != names.count else { return }
    throw RunnerError(
      "the head's num_classes must be the number of the data set's classes, \(names.count), found \(classes)")
  }
}

struct ClassNumCheckConfig: ConfigRecord {
  init(from reader: inout ConfigReader) throws {}
}
