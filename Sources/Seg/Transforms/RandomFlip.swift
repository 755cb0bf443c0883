import Core

/// Mirrors the picture and its label map with a given probability. Mirrors mmseg's `RandomFlip`.
///
/// What an earlier step decided is done again, as in the original: two of these in a pipeline undo each other.
public struct RandomFlip: Transform, ConfigRecord {
  /// `nil` where test-time augmentation decides.
  public var probability: Double?
  public var direction: FlipDirection

  public init(from reader: inout ConfigReader) throws {
    // Its name up to version 0.13.
    let old: Double? = try reader.optional("flip_ratio")
    probability = try reader.optional("prob") ?? old
    if let probability, !(0...1).contains(probability) {
      throw reader.invalid("must be in 0...1, found \(probability)", key: "prob")
    }
    direction = try reader.value("direction", default: .horizontal)
    guard direction != .diagonal else {
      throw reader.invalid("must be 'horizontal' or 'vertical', found 'diagonal'", key: "direction")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("RandomFlip")
    let decision: FlipDecision
    if let earlier = sample.flip {
      decision = earlier
    } else {
      guard let probability else {
        throw DataError(
          "RandomFlip: prob must be given outside of MultiScaleFlipAug", file: sample.file?.path)
      }
      decision = FlipDecision(isFlipped: generator.uniform() < probability, direction: direction)
    }
    sample.flip = decision
    (sample.meta.isFlipped, sample.meta.flipDirection) = (decision.isFlipped, decision.direction.rawValue)
    if decision.isFlipped {
      sample.image = image.flipped(decision.direction)
      sample.labels = sample.labels?.flipped(decision.direction)
    }
    return true
  }
}
