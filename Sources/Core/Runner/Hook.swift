/// The points of a run at which hooks are called.
public enum HookStage: String, Sendable, CaseIterable {
  case beforeRun = "before_run"
  /// Start and end of a run by iterations.
  case beforeEpoch = "before_epoch"
  case afterEpoch = "after_epoch"
  case beforeTrainEpoch = "before_train_epoch"
  case beforeTrainIter = "before_train_iter"
  case afterTrainIter = "after_train_iter"
  case afterTrainEpoch = "after_train_epoch"
  case beforeValEpoch = "before_val_epoch"
  case beforeValIter = "before_val_iter"
  case afterValIter = "after_val_iter"
  case afterValEpoch = "after_val_epoch"
  case afterRun = "after_run"

  /// The stages that mmcv lists, in its order.
  static let listed: [HookStage] = [
    .beforeRun, .beforeTrainEpoch, .beforeTrainIter, .afterTrainIter, .afterTrainEpoch, .beforeValEpoch,
    .beforeValIter, .afterValIter, .afterValEpoch, .afterRun,
  ]
}

/// Something that happens at certain points of a run.
///
/// A hook lists its `stages` and implements the method of each. Of an iteration, `before...` methods are called with
/// the iteration's number in `runner.iteration`, and so are `after...` methods: it moves on after them.
/// Mirrors mmcv's `Hook`.
public protocol Hook: AnyObject {
  /// The name in configs and logs.
  var name: String { get }
  /// The stages at which it is called.
  var stages: Set<HookStage> { get }

  func beforeRun(_ runner: Runner) throws
  func afterRun(_ runner: Runner) throws
  func beforeEpoch(_ runner: Runner) throws
  func afterEpoch(_ runner: Runner) throws
  func beforeTrainEpoch(_ runner: Runner) throws
  func afterTrainEpoch(_ runner: Runner) throws
  func beforeValEpoch(_ runner: Runner) throws
  func afterValEpoch(_ runner: Runner) throws
  func beforeTrainIter(_ runner: Runner) throws
  func afterTrainIter(_ runner: Runner) throws
  func beforeValIter(_ runner: Runner) throws
  func afterValIter(_ runner: Runner) throws
}

extension Hook {
  public var name: String { "\(type(of: self))" }

  public func beforeRun(_ runner: Runner) throws { unimplemented(.beforeRun) }
  public func afterRun(_ runner: Runner) throws { unimplemented(.afterRun) }
  public func beforeEpoch(_ runner: Runner) throws { unimplemented(.beforeEpoch) }
  public func afterEpoch(_ runner: Runner) throws { unimplemented(.afterEpoch) }
  public func beforeTrainEpoch(_ runner: Runner) throws { unimplemented(.beforeTrainEpoch) }
  public func afterTrainEpoch(_ runner: Runner) throws { unimplemented(.afterTrainEpoch) }
  public func beforeValEpoch(_ runner: Runner) throws { unimplemented(.beforeValEpoch) }
  public func afterValEpoch(_ runner: Runner) throws { unimplemented(.afterValEpoch) }
  public func beforeTrainIter(_ runner: Runner) throws { unimplemented(.beforeTrainIter) }
  public func afterTrainIter(_ runner: Runner) throws { unimplemented(.afterTrainIter) }
  public func beforeValIter(_ runner: Runner) throws { unimplemented(.beforeValIter) }
  public func afterValIter(_ runner: Runner) throws { unimplemented(.afterValIter) }

  /// A listed stage without its method is a slip of the pen: it shows in the first run, not as a hook that does nothing.
  private func unimplemented(_ stage: HookStage) -> Never {
    preconditionFailure("\(name).stages: a method for each stage, found none for \(stage.rawValue)")
  }

  func call(_ stage: HookStage, _ runner: Runner) throws {
    switch stage {
    case .beforeRun: try beforeRun(runner)
    case .afterRun: try afterRun(runner)
    case .beforeEpoch: try beforeEpoch(runner)
    case .afterEpoch: try afterEpoch(runner)
    case .beforeTrainEpoch: try beforeTrainEpoch(runner)
    case .afterTrainEpoch: try afterTrainEpoch(runner)
    case .beforeValEpoch: try beforeValEpoch(runner)
    case .afterValEpoch: try afterValEpoch(runner)
    case .beforeTrainIter: try beforeTrainIter(runner)
    case .afterTrainIter: try afterTrainIter(runner)
    case .beforeValIter: try beforeValIter(runner)
    case .afterValIter: try afterValIter(runner)
    }
  }
}
