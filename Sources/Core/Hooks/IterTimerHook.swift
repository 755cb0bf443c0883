import OrderedCollections

/// Measures how long iterations take (`time`) and how long they wait for data (`data_time`), in seconds.
///
/// Mirrors mmcv's `IterTimerHook`.
public final class IterTimerHook: Hook {
  private var last = 0.0

  public init() {}

  public var stages: Set<HookStage> {
    [
      .beforeEpoch, .beforeTrainEpoch, .beforeValEpoch, .beforeTrainIter, .beforeValIter, .afterTrainIter,
      .afterValIter,
    ]
  }

  public func beforeEpoch(_ runner: Runner) throws { last = runner.clock() }
  public func beforeTrainEpoch(_ runner: Runner) throws { last = runner.clock() }
  public func beforeValEpoch(_ runner: Runner) throws { last = runner.clock() }
  public func beforeTrainIter(_ runner: Runner) throws { noteData(runner) }
  public func beforeValIter(_ runner: Runner) throws { noteData(runner) }
  public func afterTrainIter(_ runner: Runner) throws { noteAll(runner) }
  public func afterValIter(_ runner: Runner) throws { noteAll(runner) }

  private func noteData(_ runner: Runner) {
    runner.logBuffer.update(["data_time": runner.clock() - last])
  }

  private func noteAll(_ runner: Runner) {
    runner.logBuffer.update(["time": runner.clock() - last])
    last = runner.clock()
  }
}
