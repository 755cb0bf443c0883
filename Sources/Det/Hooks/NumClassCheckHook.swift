import Core

/// Checks before training and validation that the heads tell as many classes apart as the data set has.
///
/// Mirrors mmdet's `NumClassCheckHook`.
public final class NumClassCheckHook: Hook {
  struct Config: ConfigRecord {
    init(from reader: inout ConfigReader) throws {}
  }

  public init() {}

  public var stages: Set<HookStage> { [.beforeTrainEpoch, .beforeValEpoch] }

  public func beforeTrainEpoch(_ runner: Runner) throws { try check(runner) }
  public func beforeValEpoch(_ runner: Runner) throws { try check(runner) }

  private func check(_ runner: Runner) throws {
    guard let dataset = (runner.source as? DataLoader<HostDetectionBatch>)?.dataset else { return }
    guard let names = dataset.classNames else {
      runner.warn(
        "Please set `CLASSES` in the \((dataset as? DetectionDataset)?.type ?? "data set") and check if it is consistent "
          + "with the `num_classes` of head")
      return
    }
    guard let classes = (runner.model as? any Detector)?.classes, classes != names.count else { return }
    throw RunnerError(
      "num_classes of the heads must be the number of the data set's classes, \(names.count), found \(classes)"
    )
  }
}
