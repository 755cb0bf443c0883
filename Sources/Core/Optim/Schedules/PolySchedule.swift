import Foundation

/// `(base - minimum) · (1 - progress / total)^power + minimum`.
///
/// Mirrors mmcv's policy `poly`.
public struct PolySchedule: Schedule {
  public var power: Double
  public var minimum: Double

  public init(power: Double = 1, minimum: Double = 0) { (self.power, self.minimum) = (power, minimum) }

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    power = try reader.value("power", default: 1)
    minimum = try reader.value("min_\(quantity.rawValue)", default: 0)
  }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    let coefficient = pow(1 - Double(progress.current) / Double(try progress.total()), power)
    return (base - minimum) * coefficient + minimum
  }
}
