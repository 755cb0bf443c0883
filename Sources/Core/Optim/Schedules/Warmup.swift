import Foundation

/// How a run starts: with a smaller learning rate, or a larger momentum, than the schedule says.
///
/// Mirrors the warm-up of mmcv's `LrUpdaterHook`.
public struct Warmup: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable, ConfigDecodable {
    case constant, linear, exp
  }

  public var kind: Kind
  /// How many iterations, or epochs if `byEpoch`, it lasts.
  public var duration: Int
  /// The share of the regular value at the start.
  public var ratio: Double
  public var byEpoch = false

  public init(_ kind: Kind, duration: Int, ratio: Double = 0.1, byEpoch: Bool = false) {
    (self.kind, self.duration, self.ratio, self.byEpoch) = (kind, duration, ratio, byEpoch)
  }

  /// Reads `warmup`, `warmup_iters`, `warmup_ratio` and, for learning rates, `warmup_by_epoch`.
  static func read(_ reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws -> Warmup? {
    let kind: Kind? = try reader.optional("warmup")
    let duration = try reader.optional("warmup_iters", as: Int.self) ?? 0
    let ratio = try reader.value("warmup_ratio", default: quantity == .momentum ? 0.9 : 0.1)
    let byEpoch = quantity == .learningRate ? try reader.value("warmup_by_epoch", default: false) : false
    guard let kind else { return nil }
    if duration <= 0 {
      throw reader.invalid(
        "warmup_iters must be a positive number of iterations, found \(duration)", key: "warmup_iters")
    }
    if !(ratio > 0 && ratio <= 1) {
      throw reader.invalid("warmup_ratio must lie in (0, 1], found \(ratio)", key: "warmup_ratio")
    }
    return Warmup(kind, duration: duration, ratio: ratio, byEpoch: byEpoch)
  }

  /// The factor for learning rates at `iteration` of `iterations`; momenta are divided by it.
  func factor(at iteration: Int, of iterations: Int) -> Double {
    let left = 1 - Double(iteration) / Double(iterations)
    switch kind {
    case .constant: return ratio
    case .linear: return 1 - left * (1 - ratio)
    case .exp: return pow(ratio, left)
    }
  }
}
