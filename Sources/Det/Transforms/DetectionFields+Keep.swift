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
  /// The boxes around the masks: `get_bboxes`. A mask without pixels has a box of zeros.
  var boxes: Boxes {
    switch shapes {
    case .bitmaps(let maps): Boxes(maps.map { Self.box(of: $0, height: height, width: width) })
    case .polygons(let objects):
      Boxes(
        objects.map { polygons in
          var box = Box(Float(width) * 2, Float(height) * 2, 0, 0)
          for polygon in polygons {
            for index in stride(from: 0, to: polygon.count - 1, by: 2) {
              let (x, y) = (Float(polygon[index]), Float(polygon[index + 1]))
              box = Box(min(box.x1, x), min(box.y1, y), max(box.x2, x), max(box.y2, y))
            }
          }
          return box
        })
    }
  }

  private static func box(of map: [UInt8], height: Int, width: Int) -> Box {
    var (left, top, right, bottom) = (width, height, -1, -1)
    for y in 0..<height {
      let row = y * width
      guard let first = (0..<width).first(where: { map[row + $0] != 0 }),
        let last = (0..<width).last(where: { map[row + $0] != 0 })
      else { continue }
      (left, right, bottom) = (min(left, first), max(right, last), y)
      top = min(top, y)
    }
    return right < 0 ? Box(0, 0, 0, 0) : Box(Float(left), Float(top), Float(right + 1), Float(bottom + 1))
  }

  /// Pixels of each mask, by the shoelace formula for polygons: `areas`.
  var areas: [Double] {
    switch shapes {
    case .bitmaps(let maps): maps.map { map in Double(map.reduce(0) { $0 + Int($1) }) }
    case .polygons(let objects): objects.map { $0.reduce(0) { $0 + Self.area(of: $1) } }
    }
  }

  private static func area(of polygon: [Double]) -> Double {
    let count = polygon.count / 2
    guard count > 0 else { return 0 }
    var (a, b) = (0.0, 0.0)
    for index in 0..<count {
      let before = (index + count - 1) % count
      a += polygon[2 * index] * polygon[2 * before + 1]
      b += polygon[2 * index + 1] * polygon[2 * before]
    }
    return 0.5 * abs(a - b)
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
  mutating func range(_ key: String, default standard: ClosedRange<Double>, within limits: ClosedRange<Double>) throws
    -> ClosedRange<Double>
  {
    guard let numbers: [Double] = try optional(key) else { return standard }
    guard numbers.count == 2, numbers[0] <= numbers[1], limits.contains(numbers[0]), limits.contains(numbers[1]) else {
      throw invalid(
        "must be (min, max), ordered and in \(limits.lowerBound)...\(limits.upperBound), found \(numbers)", key: key)
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
