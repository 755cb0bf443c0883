/// The same value all the time.
///
/// Mirrors mmcv's policy `fixed`.
public struct FixedSchedule: Schedule {
  public init() {}
  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {}
  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double { base }
}
