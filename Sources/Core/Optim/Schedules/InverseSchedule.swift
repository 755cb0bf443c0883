import Foundation

/// `base · (1 + gamma · progress)^(-power)`.
///
/// Mirrors mmcv's policy `inv`.
public struct InverseSchedule: Schedule {
  public var gamma: Double
  public var power: Double

  public init(gamma: Double, power: Double = 1) { (self.gamma, self.power) = (gamma, power) }

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    gamma = try reader.value("gamma")
    power = try reader.value("power", default: 1)
  }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    base * pow(1 + gamma * Double(progress.current), -power)
  }
}
