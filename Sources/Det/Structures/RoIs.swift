/// Regions of interest of a batch: boxes, and the image of each.
///
/// Mirrors the `[n, 5]` tensors that mmdet's `bbox2roi` makes.
public struct RoIs: Sendable, Equatable {
  /// Image, `x1, y1, x2, y2` of each region.
  public private(set) var values: [Float] = []

  public init() {}

  /// - Parameter boxes: of each image.
  public init(_ boxes: [Boxes]) {
    values.reserveCapacity(boxes.reduce(0) { $0 + $1.count * 5 })
    for (image, boxes) in boxes.enumerated() {
      for index in boxes.indices { append(boxes[index], image: image) }
    }
  }

  public var count: Int { values.count / 5 }
  public var isEmpty: Bool { values.isEmpty }

  public mutating func append(_ box: Box, image: Int) {
    values.append(Float(image))
    values.append(box.x1)
    values.append(box.y1)
    values.append(box.x2)
    values.append(box.y2)
  }

  public subscript(box index: Int) -> Box {
    Box(values[5 * index + 1], values[5 * index + 2], values[5 * index + 3], values[5 * index + 4])
  }

  public subscript(image index: Int) -> Int { Int(values[5 * index]) }

  /// The regions at `indices`, in that order.
  public subscript(indices: [Int]) -> RoIs {
    var result = RoIs()
    for index in indices { result.append(self[box: index], image: self[image: index]) }
    return result
  }

  /// All boxes, whatever their image.
  public var boxes: Boxes { Boxes((0..<count).lazy.map { self[box: $0] }) }

  /// The boxes around the same centres, `factor` times as wide and high.
  public func scaled(by factor: Float) -> RoIs {
    var result = RoIs()
    for index in 0..<count {
      let box = self[box: index]
      let (x, y) = ((box.x1 + box.x2) * 0.5, (box.y1 + box.y2) * 0.5)
      let (width, height) = (box.width * factor, box.height * factor)
      result.append(
        Box(x - width * 0.5, y - height * 0.5, x + width * 0.5, y + height * 0.5), image: self[image: index])
    }
    return result
  }
}
