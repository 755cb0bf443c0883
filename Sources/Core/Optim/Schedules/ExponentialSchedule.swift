import Foundation

/// `base · gamma^progress`.
///
/// Mirrors mmcv's policy `exp`.
public struct ExponentialSchedule: Schedule {
  public var gamma: Double

  public init(gamma: Double) { self.gamma = gamma }

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    gamma = try reader.value("gamma")
  }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    base * pow(gamma, Double(progress.current))
  }
}
