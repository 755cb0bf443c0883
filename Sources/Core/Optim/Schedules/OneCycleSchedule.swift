/// A rise and one long fall, or a rise, a fall and a decline, over the whole run (Smith and Topin, 2017,
/// <https://arxiv.org/abs/1708.07120>), by iterations.
///
/// Mirrors mmcv's policy `OneCycle` for learning rates.
public struct OneCycleSchedule: Schedule {
  /// The top of the cycle: one for all groups or one a group.
  public var maximum: [Double]
  public var isPerGroup: Bool
  /// The length of the cycle; that of the run where `nil`.
  public var totalSteps: Int?
  /// The share of the cycle that rises.
  public var riseShare: Double
  public var annealing: Annealing
  /// The top over the value at the start.
  public var divisor: Double
  /// The value at the start over that at the end.
  public var finalDivisor: Double
  public var hasThreePhases: Bool

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    let top: OneOrMany<Double> = try reader.value("max_lr")
    (maximum, isPerGroup) = (top.elements, top.wasList)
    totalSteps = try reader.optional("total_steps")
    riseShare = try reader.value("pct_start", default: 0.3)
    annealing = try reader.value("anneal_strategy", default: .cos)
    divisor = try reader.value("div_factor", default: 25)
    finalDivisor = try reader.value("final_div_factor", default: 1e4)
    hasThreePhases = try reader.value("three_phase", default: false)
    if !(0...1).contains(riseShare) {
      throw reader.invalid("pct_start must lie in 0...1, found \(riseShare)", key: "pct_start")
    }
    if !(divisor > 0 && finalDivisor > 0) {
      throw reader.invalid(
        "div_factor and final_div_factor must be positive, found \(divisor) and \(finalDivisor)")
    }
  }

  public static var countsEpochs: Bool { false }
  public static var allowsEpochs: Bool { false }

  public func validate(_ progress: ScheduleProgress) throws {
    let total = try progress.total()
    if let totalSteps, totalSteps < total {
      throw InvalidConfig(
        "total_steps must be at least the number of iterations, \(total), found \(totalSteps)")
    }
  }

  public func baseValues(groups: Int, optimizer: String) throws -> [Double]? {
    guard !isPerGroup || maximum.count == groups else {
      throw InvalidConfig("max_lr must have \(groups) values for \(optimizer), found \(maximum.count)")
    }
    return (0..<groups).map { maximum[isPerGroup ? $0 : 0] / divisor }
  }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    let total = try totalSteps ?? progress.total()
    let rise = riseShare * Double(total) - 1
    let phases: [(end: Double, from: Double, to: Double)] =
      hasThreePhases
      ? [
        (rise, 1, divisor), (2 * riseShare * Double(total) - 2, divisor, 1),
        (Double(total - 1), 1, 1 / finalDivisor),
      ] : [(rise, 1, divisor), (Double(total - 1), divisor, 1 / finalDivisor)]
    var start = 0.0
    let current = Double(progress.iteration)
    for phase in phases {
      if current <= phase.end {
        guard phase.end != start else { break }
        return annealing(base * phase.from, base * phase.to, (current - start) / (phase.end - start))
      }
      start = phase.end
    }
    throw InvalidConfig(
      "the cycle of \(total) iterations with pct_start \(riseShare) has no value at iteration \(progress.iteration)"
    )
  }
}
