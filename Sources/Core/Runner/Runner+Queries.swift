import Logging

/// Questions that hooks ask.
extension Runner {
  /// Writes a line, or several, into the run's log.
  public func log(_ text: String) { logger.info("\(text)") }

  /// Whether the epoch that runs is the last of a group of `count`; never if `count` is not positive.
  public func isEveryEpochs(_ count: Int) -> Bool { count > 0 && (epoch + 1) % count == 0 }
  public func isEveryInnerIterations(_ count: Int) -> Bool { count > 0 && (innerIteration + 1) % count == 0 }
  public func isEveryIterations(_ count: Int) -> Bool { count > 0 && (iteration + 1) % count == 0 }
  /// Whether the present batch is the last of its epoch.
  public var isEndOfEpoch: Bool { innerIteration + 1 == source?.batchCount }
  public var isLastEpoch: Bool { epoch + 1 == maxEpochs }
  public var isLastIteration: Bool { iteration + 1 == maxIterations }

  /// Where the run is, for schedules.
  func progress(byEpoch: Bool) -> ScheduleProgress {
    ScheduleProgress(
      epoch: epoch, iteration: iteration, maxEpochs: maxEpochs, maxIterations: maxIterations,
      epochLength: source?.batchCount ?? 1, byEpoch: byEpoch)
  }

  /// The optimizer.
  ///
  /// - Throws: `RunnerError` when the run has none.
  func requireOptimizer(_ who: String) throws -> Optimizer {
    guard let optimizer else { throw RunnerError("\(who): the runner must have an optimizer, found none") }
    return optimizer
  }
}

extension Runner {
  /// Writes a line to the log.
  public func note(_ text: String) { logger.info("\(text)") }
  /// Writes a warning to the log.
  public func warn(_ text: String) { logger.warning("\(text)") }
}

/// Why a run can't go on.
public struct RunnerError: Error, CustomStringConvertible, Equatable {
  public var text: String
  public init(_ text: String) { self.text = text }
  public var description: String { text }
}
