import Core

/// Mirrors the picture with all that lies on it. Mirrors mmdet's `RandomFlip`.
public struct RandomFlip: Transform, ConfigRecord {
  public var directions: [FlipDirection]
  /// One for each direction; `nil` where flips are always decided elsewhere (`MultiScaleFlipAug`).
  public var probabilities: [Double]?

  public init(from reader: inout ConfigReader) throws {
    directions = try reader.value("direction", default: OneOrMany<FlipDirection>([.horizontal])).elements
    guard !directions.isEmpty else {
      throw reader.invalid("must name a direction, found none", key: "direction")
    }
    // What mmdet called it before 2.0 is gone; other suites have other names.
    guard let given: OneOrMany<Double> = try reader.optional("flip_ratio") else { return }
    guard given.elements.allSatisfy({ $0 >= 0 }), given.elements.reduce(0, +) <= 1 + 1e-9 else {
      throw reader.invalid("must be in 0...1 together, found \(given.elements)", key: "flip_ratio")
    }
    if given.wasList {
      guard given.elements.count == directions.count else {
        throw reader.invalid(
          "must be as many as directions, \(directions.count), found \(given.elements.count)",
          key: "flip_ratio")
      }
      probabilities = given.elements
    } else {
      probabilities = directions.map { _ in given.elements[0] / Double(directions.count) }
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("RandomFlip")
    if sample.detection.flip == nil {
      let direction = try draw(sample.file, using: &generator)
      sample.detection.flip = (direction != nil, direction)
    }
    guard let flip = sample.detection.flip else { return true }
    sample.meta.isFlipped = flip.isFlipped
    sample.meta.flipDirection = flip.direction?.rawValue
    guard flip.isFlipped, let direction = flip.direction else { return true }
    sample.image = image.flipped(direction)
    let (height, width) = (Float(sample.meta.imageShape[0]), Float(sample.meta.imageShape[1]))
    sample.detection.changeBoxes { boxes in
      for index in boxes.indices {
        boxes[index] = boxes[index].flipped(direction, width: width, height: height)
      }
    }
    if let masks = sample.detection.masks { sample.detection.masks = masks.flipped(direction) }
    if let map = sample.detection.semanticMap { sample.detection.semanticMap = map.flipped(direction) }
    return true
  }

  private func draw(_ file: SampleFile?, using generator: inout RandomGenerator) throws -> FlipDirection? {
    guard let probabilities else {
      throw DataError(
        "RandomFlip: flip_ratio must be given outside of MultiScaleFlipAug, found none", file: file?.path)
    }
    var number = generator.uniform()
    for (direction, probability) in zip(directions, probabilities) {
      if number < probability { return direction }
      number -= probability
    }
    return nil
  }
}

extension Box {
  /// In a mirrored picture.
  func flipped(_ direction: FlipDirection, width: Float, height: Float) -> Box {
    var box = self
    if direction != .vertical { (box.x1, box.x2) = (width - x2, width - x1) }
    if direction != .horizontal { (box.y1, box.y2) = (height - y2, height - y1) }
    return box
  }
}
