import Foundation

/// Cycles of a rise and a fall (Smith, 2015, <https://arxiv.org/abs/1506.01186>), by iterations.
///
/// Mirrors mmcv's policy `cyclic`.
public struct CyclicSchedule: Schedule {
  /// The values at the turn and at the end of a cycle, as multiples of the base value.
  public var targetRatio: (Double, Double)
  /// Number of cycles of the run.
  public var cycles: Int
  /// The share of a cycle in which the value moves to the turn.
  public var upRatio: Double
  public var annealing: Annealing
  /// The factor by which the swing shrinks from cycle to cycle.
  public var gamma: Double

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    let given: OneOrMany<Double>? = try reader.optional("target_ratio")
    switch given?.elements.count {
    case nil: targetRatio = quantity == .momentum ? (0.85 / 0.95, 1) : (10, 1e-4)
    case 1: targetRatio = (given?.elements[0] ?? 0, (given?.elements[0] ?? 0) / 1e5)
    case 2: targetRatio = (given?.elements[0] ?? 0, given?.elements[1] ?? 0)
    case let count?:
      throw reader.invalid("target_ratio must be one or two numbers, found \(count)", key: "target_ratio")
    }
    cycles = try reader.value("cyclic_times", default: 1)
    upRatio = try reader.value("step_ratio_up", default: 0.4)
    annealing = try reader.value("anneal_strategy", default: .cos)
    gamma = try reader.value("gamma", default: 1)
    if cycles <= 0 {
      throw reader.invalid("cyclic_times must be positive, found \(cycles)", key: "cyclic_times")
    }
    if !(0..<1).contains(upRatio) {
      throw reader.invalid("step_ratio_up must lie in [0, 1), found \(upRatio)", key: "step_ratio_up")
    }
    if !(gamma > 0 && gamma <= 1) {
      throw reader.invalid("gamma must lie in (0, 1], found \(gamma)", key: "gamma")
    }
  }

  public static var countsEpochs: Bool { false }
  public static var allowsEpochs: Bool { false }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    let length = try progress.total() / cycles
    guard length > 0 else {
      throw InvalidConfig(
        "cyclic_times (\(cycles)) must not exceed the number of iterations (\(try progress.total()))")
    }
    let (cycle, position) = progress.iteration.quotientAndRemainder(dividingBy: length)
    let turn = Int(upRatio * Double(length))
    let scale = pow(gamma, Double(cycle))
    let top = 1 - scale + targetRatio.0 * scale
    if position < turn {
      return annealing(base, base * top, Double(position) / Double(turn))
    }
    // Where there is no rise, the fall is taken for the first phase, whose end is the one that shrinks.
    if turn == 0 {
      let end = 1 - scale + targetRatio.1 * scale
      return annealing(base * targetRatio.0, base * end, Double(position) / Double(length))
    }
    return annealing(base * top, base * targetRatio.1, Double(position - turn) / Double(length - turn))
  }
}
