/// Boxes on the host: `x1, y1, x2, y2` in pixels, four numbers a box, one after the other.
///
/// Assigners, samplers, coders and non-maximum suppression work on these; losses work on tensors of the same layout.
public struct Boxes: Sendable, Equatable {
  /// `count × 4` numbers.
  public private(set) var values: [Float]

  public init() { values = [] }

  /// - Parameter values: four numbers a box.
  public init(_ values: [Float]) {
    precondition(values.count % 4 == 0, "Boxes.init: must be given four numbers a box, found \(values.count)")
    self.values = values
  }

  public init(_ boxes: some Sequence<Box>) {
    values = []
    values.reserveCapacity(boxes.underestimatedCount * 4)
    for box in boxes { append(box) }
  }

  public var count: Int { values.count / 4 }
  public var isEmpty: Bool { values.isEmpty }
  public var indices: Range<Int> { 0..<count }

  public subscript(index: Int) -> Box {
    get { Box(values[4 * index], values[4 * index + 1], values[4 * index + 2], values[4 * index + 3]) }
    set {
      values[4 * index] = newValue.x1
      values[4 * index + 1] = newValue.y1
      values[4 * index + 2] = newValue.x2
      values[4 * index + 3] = newValue.y2
    }
  }

  public mutating func append(_ box: Box) {
    values.append(box.x1)
    values.append(box.y1)
    values.append(box.x2)
    values.append(box.y2)
  }

  public mutating func append(contentsOf other: Boxes) { values += other.values }

  /// The boxes at `indices`, in that order.
  public subscript(indices: [Int]) -> Boxes { Boxes(indices.lazy.map { self[$0] }) }
}

/// One box, corners in pixels; no pixel is added to its sides.
public struct Box: Sendable, Equatable {
  public var x1, y1, x2, y2: Float

  public init(_ x1: Float, _ y1: Float, _ x2: Float, _ y2: Float) {
    (self.x1, self.y1, self.x2, self.y2) = (x1, y1, x2, y2)
  }

  public var width: Float { x2 - x1 }
  public var height: Float { y2 - y1 }
  public var area: Float { width * height }
  public var isFinite: Bool { x1.isFinite && y1.isFinite && x2.isFinite && y2.isFinite }
  public var center: (x: Float, y: Float) { ((x1 + x2) / 2, (y1 + y2) / 2) }
}

extension Boxes: Sequence {
  public struct Iterator: IteratorProtocol {
    let boxes: Boxes
    var place = 0

    public mutating func next() -> Box? {
      guard place < boxes.count else { return nil }
      defer { place += 1 }
      return boxes[place]
    }
  }

  public func makeIterator() -> Iterator { Iterator(boxes: self) }
}
