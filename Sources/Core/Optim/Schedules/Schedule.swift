import Foundation

/// What a schedule sets.
public enum ScheduledQuantity: String, Sendable {
  case learningRate = "lr"
  case momentum = "momentum"
}

/// Where a run is, as schedules see it.
public struct ScheduleProgress: Sendable {
  /// Epochs and iterations that are over.
  public var epoch: Int
  public var iteration: Int
  public var maxEpochs: Int?
  public var maxIterations: Int?
  /// Iterations of one epoch.
  public var epochLength: Int
  /// Whether the schedule counts epochs.
  public var byEpoch: Bool

  public init(
    epoch: Int, iteration: Int, maxEpochs: Int?, maxIterations: Int?, epochLength: Int = 1, byEpoch: Bool
  ) {
    (self.epoch, self.iteration, self.byEpoch) = (epoch, iteration, byEpoch)
    (self.maxEpochs, self.maxIterations, self.epochLength) = (maxEpochs, maxIterations, epochLength)
  }

  /// Epochs or iterations that are over.
  public var current: Int { byEpoch ? epoch : iteration }

  /// The number of epochs or iterations of the whole run.
  ///
  /// - Throws: `InvalidConfig` when the run is measured in the other unit.
  public func total() throws -> Int {
    guard let total = byEpoch ? maxEpochs : maxIterations, total > 0 else {
      throw InvalidConfig(
        byEpoch
          ? "a schedule with by_epoch=True needs a runner with max_epochs"
          : "a schedule with by_epoch=False needs to know the number of iterations of the run")
    }
    return total
  }
}

/// How the learning rate or the momentum moves during a run.
///
/// A schedule is a function of the base value and the progress; warm-up is laid over it by the hook that applies it.
public protocol Schedule: Sendable {
  /// Reads the schedule's own keys of `lr_config` or `momentum_config`.
  init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws

  /// Whether epochs are counted where the config does not say.
  static var countsEpochs: Bool { get }
  /// Whether counting epochs is possible at all.
  static var allowsEpochs: Bool { get }

  /// Checks that the run suits the schedule.
  func validate(_ progress: ScheduleProgress) throws
  /// Base values of the groups where the schedule has its own; else they are the optimizer's initial values.
  func baseValues(groups: Int, optimizer: String) throws -> [Double]?
  /// The value of a group whose base value is `base`.
  func value(_ base: Double, at progress: ScheduleProgress) throws -> Double
  /// The value during warm-up, where the schedule has its own rule.
  func warmupValue(_ base: Double, iteration: Int, warmup: Warmup, iterations: Int) -> Double?
}

extension Schedule {
  public static var countsEpochs: Bool { true }
  public static var allowsEpochs: Bool { true }
  public func validate(_ progress: ScheduleProgress) throws {}
  public func baseValues(groups: Int, optimizer: String) throws -> [Double]? { nil }
  public func warmupValue(_ base: Double, iteration: Int, warmup: Warmup, iterations: Int) -> Double? { nil }
}

/// From `start` (with a `weight` below 1: from somewhat nearer to `end`) to `end` along half a cosine.
func annealCosine(_ start: Double, _ end: Double, _ fraction: Double, weight: Double = 1) -> Double {
  end + 0.5 * weight * (start - end) * (cos(Double.pi * fraction) + 1)
}

/// From `start` to `end` along a line.
func annealLinear(_ start: Double, _ end: Double, _ fraction: Double) -> Double {
  start + (end - start) * fraction
}

/// The form of a curve, `anneal_strategy` in configs.
public enum Annealing: String, Sendable, CaseIterable, ConfigDecodable {
  case cos, linear

  func callAsFunction(_ start: Double, _ end: Double, _ fraction: Double) -> Double {
    switch self {
    case .cos: annealCosine(start, end, fraction)
    case .linear: annealLinear(start, end, fraction)
    }
  }
}

/// Where annealing ends: a value or a share of the base value (`min_lr` or `min_lr_ratio`).
public enum AnnealingTarget: Sendable, Equatable {
  case value(Double)
  case ratio(Double)

  init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    let key = "min_\(quantity.rawValue)"
    let value: Double? = try reader.optional(key)
    let ratio: Double? = try reader.optional("\(key)_ratio")
    switch (value, ratio) {
    case (let value?, nil): self = .value(value)
    case (nil, let ratio?): self = .ratio(ratio)
    case (nil, nil): throw reader.invalid("one of \(key) and \(key)_ratio must be given")
    case (_?, _?): throw reader.invalid("only one of \(key) and \(key)_ratio can be given")
    }
  }

  func of(_ base: Double) -> Double {
    switch self {
    case .value(let value): value
    case .ratio(let ratio): base * ratio
    }
  }
}
