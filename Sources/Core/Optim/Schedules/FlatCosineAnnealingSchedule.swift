/// The base value for a share of the run, then half a cosine to the target.
///
/// Mirrors mmcv's policy `FlatCosineAnnealing`.
public struct FlatCosineAnnealingSchedule: Schedule {
  /// The share of the run before annealing starts, in `0...1`.
  public var startPercent: Double
  public var target: AnnealingTarget

  public init(startPercent: Double = 0.75, to target: AnnealingTarget) {
    (self.startPercent, self.target) = (startPercent, target)
  }

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    startPercent = try reader.value("start_percent", default: 0.75)
    if !(0...1).contains(startPercent) {
      throw reader.invalid("start_percent must lie in 0...1, found \(startPercent)", key: "start_percent")
    }
    target = try AnnealingTarget(from: &reader, setting: quantity)
  }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    let total = try progress.total()
    let start = Int((Double(total) * startPercent).rounded(.toNearestOrEven))
    guard progress.current >= start, total > start else { return base }
    return annealCosine(base, target.of(base), Double(progress.current - start) / Double(total - start))
  }
}
