extension InstanceMasks {
  /// The same masks as bitmaps: `to_bitmap`.
  /// - Throws: ``MaskError`` when polygons are broken.
  public func rasterized() throws -> InstanceMasks {
    guard case .polygons(let objects) = shapes else { return self }
    let bitmaps = try objects.map { try RunLengthMask(polygons: $0, height: height, width: width).bitmap }
    return InstanceMasks(.bitmaps(bitmaps), height: height, width: width)
  }

  /// The masks as runs.
  /// - Throws: ``MaskError`` when polygons are broken.
  public func runLengths() throws -> [RunLengthMask] {
    switch shapes {
    case .polygons(let objects):
      try objects.map { try RunLengthMask(polygons: $0, height: height, width: width) }
    case .bitmaps(let objects):
      objects.map { RunLengthMask(bitmap: $0, height: height, width: width) }
    }
  }

  /// The area of each object in pixels: counted for bitmaps, by the shoelace formula for polygons, whose overlaps
  /// count twice.
  public var areas: [Double] {
    switch shapes {
    case .polygons(let objects):
      objects.map { object in object.reduce(0) { $0 + Self.shoelace($1) } }
    case .bitmaps(let objects):
      objects.map { bytes in
        var sum = 0
        for byte in bytes { sum += Int(byte) }
        return Double(sum)
      }
    }
  }

  private static func shoelace(_ polygon: [Double]) -> Double {
    let points = polygon.count / 2
    guard points > 0 else { return 0 }
    var (left, right) = (0.0, 0.0)
    var before = points - 1
    for index in 0..<points {
      left += polygon[2 * index] * polygon[2 * before + 1]
      right += polygon[2 * index + 1] * polygon[2 * before]
      before = index
    }
    return 0.5 * abs(left - right)
  }

  /// The smallest box around each object, `get_bboxes`; the right and bottom pixels of bitmaps lie inside. All zeros
  /// for an empty bitmap.
  public var boundingBoxes: Boxes {
    switch shapes {
    case .polygons(let objects):
      Boxes(
        objects.map { object in
          // As upstream has it: coordinates left of and above the picture end the box at 0.
          var box = Box(Float(width * 2), Float(height * 2), 0, 0)
          for polygon in object {
            for index in stride(from: 0, to: polygon.count - 1, by: 2) {
              let (x, y) = (Float(polygon[index]), Float(polygon[index + 1]))
              (box.x1, box.y1) = (min(box.x1, x), min(box.y1, y))
              (box.x2, box.y2) = (max(box.x2, x), max(box.y2, y))
            }
          }
          return box
        })
    case .bitmaps(let objects):
      Boxes(objects.map(boundingBox))
    }
  }

  private func boundingBox(_ bytes: [UInt8]) -> Box {
    var (left, top, right, bottom) = (width, height, -1, -1)
    for y in 0..<height {
      let row = y * width
      guard let first = (0..<width).first(where: { bytes[row + $0] != 0 }) else { continue }
      var last = width - 1
      while bytes[row + last] == 0 { last -= 1 }
      (left, right) = (min(left, first), max(right, last))
      top = min(top, y)
      bottom = y
    }
    guard bottom >= 0 else { return Box(0, 0, 0, 0) }
    return Box(Float(left), Float(top), Float(right + 1), Float(bottom + 1))
  }
}
