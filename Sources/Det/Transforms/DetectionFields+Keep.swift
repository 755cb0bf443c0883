import Core

extension DetectionFields {
  /// Keeps the objects at `indices`, with their labels and masks.
  mutating func keepObjects(at indices: [Int]) {
    boxes = boxes?[indices]
    labels = labels.map { labels in indices.map { labels[$0] } }
    masks = masks?[indices]
  }

  /// Moves every box, and leaves out those for which `move` gives `nil`; of objects their labels and masks, too.
  ///
  /// - Returns: whether any object is left.
  @discardableResult
  mutating func moveBoxes(_ move: (Box) -> Box?) -> Bool {
    func moved(_ boxes: Boxes) -> (boxes: Boxes, kept: [Int]) {
      var (result, kept) = (Boxes(), [Int]())
      for index in boxes.indices {
        guard let box = move(boxes[index]) else { continue }
        result.append(box)
        kept.append(index)
      }
      return (result, kept)
    }
    ignoredBoxes = ignoredBoxes.map { moved($0).boxes }
    if let given = proposals {
      let (boxes, kept) = moved(given.boxes)
      proposals = Proposals(boxes: boxes, scores: given.scores.isEmpty ? [] : kept.map { given.scores[$0] })
    }
    guard let all = boxes else { return false }
    let (result, kept) = moved(all)
    keepObjects(at: kept)
    boxes = result
    return !kept.isEmpty
  }
}

extension Box {
  /// Whether the box has an extent.
  var isValid: Bool { x2 > x1 && y2 > y1 }

  func moved(x: Float, y: Float) -> Box { Box(x1 + x, y1 + y, x2 + x, y2 + y) }

  /// Whether the middle lies inside of a frame, not on its edge.
  func hasCenter(insideX1 left: Float, y1 top: Float, x2 right: Float, y2 bottom: Float) -> Bool {
    let (x, y) = ((x1 + x2) / 2, (y1 + y2) / 2)
    return x > left && y > top && x < right && y < bottom
  }

  /// Whether any of the box lies in a picture.
  func touches(height: Float, width: Float) -> Bool { x1 < width && x2 > 0 && y1 < height && y2 > 0 }
}

extension InstanceMasks {
  /// - Throws: `DataError` unless masks of that size can be made.
  static func check(height: Int, width: Int) throws {
    guard height > 0, width > 0, width <= Image.maxPixels / height else {
      throw DataError("masks must have 1...\(Image.maxPixels) pixels, found \(height)x\(width)")
    }
  }
}

extension ConfigReader {
  /// A share in 0...1.
  mutating func share(_ key: String, default standard: Double) throws -> Double {
    let value = try value(key, default: standard)
    guard (0...1).contains(value) else { throw invalid("must be in 0...1, found \(value)", key: key) }
    return value
  }

  /// Two ordered numbers.
  mutating func range(
    _ key: String, default standard: ClosedRange<Double>, within limits: ClosedRange<Double>
  ) throws
    -> ClosedRange<Double>
  {
    guard let numbers: [Double] = try optional(key) else { return standard }
    guard numbers.count == 2, numbers[0] <= numbers[1], limits.contains(numbers[0]),
      limits.contains(numbers[1])
    else {
      throw invalid(
        "must be (min, max), ordered and in \(limits.lowerBound)...\(limits.upperBound), found \(numbers)",
        key: key)
    }
    return numbers[0]...numbers[1]
  }

  /// Height and width of pictures that are made.
  mutating func size(_ key: String, default standard: Pair? = nil) throws -> Pair {
    let size: Pair = try standard.map { try value(key, default: $0) } ?? value(key)
    guard (1...32768).contains(size.h), (1...32768).contains(size.w) else {
      throw invalid("must be in 1...32768, found \(size)", key: key)
    }
    return size
  }
}

extension RandomGenerator {
  /// One of two, equally often.
  mutating func coin() -> Bool { integer(0..<2) == 1 }
}
