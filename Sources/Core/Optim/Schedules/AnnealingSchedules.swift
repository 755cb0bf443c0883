/// From the base value to the target along half a cosine over the whole run (Loshchilov and Hutter, 2016,
/// <https://arxiv.org/abs/1608.03983>).
///
/// Mirrors mmcv's policy `CosineAnnealing`.
public struct CosineAnnealingSchedule: Schedule {
  public var target: AnnealingTarget

  public init(to target: AnnealingTarget) { self.target = target }

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    target = try AnnealingTarget(from: &reader, setting: quantity)
  }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    annealCosine(base, target.of(base), Double(progress.current) / Double(try progress.total()))
  }
}

/// From the base value to the target along a line over the whole run.
///
/// Mirrors mmcv's policy `LinearAnnealing`.
public struct LinearAnnealingSchedule: Schedule {
  public var target: AnnealingTarget

  public init(to target: AnnealingTarget) { self.target = target }

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    target = try AnnealingTarget(from: &reader, setting: quantity)
  }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    annealLinear(base, target.of(base), Double(progress.current) / Double(try progress.total()))
  }
}
