import Core

/// Mirrors the picture with a given probability. Mirrors mmcls's `RandomFlip`.
public struct RandomFlip: Transform, ConfigRecord {
  public var probability: Double
  public var direction: FlipDirection

  public init(from reader: inout ConfigReader) throws {
    probability = try reader.value("flip_prob", default: 0.5)
    guard (0...1).contains(probability) else {
      throw reader.invalid("must be in 0...1, found \(probability)", key: "flip_prob")
    }
    direction = try reader.value("direction", default: .horizontal)
    guard direction != .diagonal else {
      throw reader.invalid("must be 'horizontal' or 'vertical', found 'diagonal'", key: "direction")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("RandomFlip")
    sample.meta.isFlipped = generator.uniform() < probability
    sample.meta.flipDirection = direction.rawValue
    if sample.meta.isFlipped { sample.image = image.flipped(direction) }
    return true
  }
}
