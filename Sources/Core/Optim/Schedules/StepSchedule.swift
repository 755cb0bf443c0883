import Foundation

/// `base · gamma^k` after the `k`-th of the steps, or every so often.
///
/// Mirrors mmcv's policy `step`.
public struct StepSchedule: Schedule {
  public enum Steps: Sendable, Equatable {
    case every(Int)
    case at([Int])
  }

  public var steps: Steps
  public var gamma: Double
  /// The smallest value.
  public var minimum: Double?

  public init(_ steps: Steps, gamma: Double = 0.1, minimum: Double? = nil) {
    (self.steps, self.gamma, self.minimum) = (steps, gamma, minimum)
  }

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    let step: OneOrMany<Int> = try reader.value("step")
    if let wrong = step.elements.first(where: { $0 <= 0 }) {
      throw reader.invalid("steps must be positive, found \(wrong)", key: "step")
    }
    steps = step.wasList ? .at(step.elements) : .every(step.elements[0])
    gamma = try reader.value("gamma", default: quantity == .momentum ? 0.5 : 0.1)
    minimum = try reader.optional("min_\(quantity.rawValue)")
  }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    let exponent =
      switch steps {
      case .every(let interval): progress.current / interval
      case .at(let steps): steps.firstIndex { progress.current < $0 } ?? steps.count
      }
    let value = base * pow(gamma, Double(exponent))
    return minimum.map { max(value, $0) } ?? value
  }
}
