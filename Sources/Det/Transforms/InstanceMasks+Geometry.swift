import Core

/// What transforms do to masks. Mirrors the methods of mmdet's `BitmapMasks` and `PolygonMasks`.
extension InstanceMasks {
  /// At the largest size that the two bounds allow: `rescale`.
  func rescaled(within first: Int, _ second: Int) throws -> InstanceMasks {
    let size = rescaleSize(width: width, height: height, scale: .within(first, second))
    return try resized(height: size.height, width: size.width)
  }

  /// Without interpolation: `resize`.
  func resized(height newHeight: Int, width newWidth: Int) throws -> InstanceMasks {
    try Self.check(newHeight, newWidth)
    switch shapes {
    case .bitmaps(let maps):
      return InstanceMasks(
        .bitmaps(changed(maps) { $0.resized(width: newWidth, height: newHeight, interpolation: .nearest) }),
        height: newHeight, width: newWidth)
    case .polygons(let objects):
      let (x, y) = (Double(newWidth) / Double(width), Double(newHeight) / Double(height))
      return InstanceMasks(
        .polygons(Self.mapped(objects) { ($0 * x, $1 * y) }), height: newHeight, width: newWidth)
    }
  }

  /// `flip`
  func flipped(_ direction: FlipDirection) -> InstanceMasks {
    switch shapes {
    case .bitmaps(let maps):
      return InstanceMasks(.bitmaps(changed(maps) { $0.flipped(direction) }), height: height, width: width)
    case .polygons(let objects):
      let (w, h) = (Double(width), Double(height))
      return InstanceMasks(
        .polygons(
          Self.mapped(objects) { (direction == .vertical ? $0 : w - $0, direction == .horizontal ? $1 : h - $1) }),
        height: height, width: width)
    }
  }

  /// With a border at the right and the bottom: `pad`.
  ///
  /// - Throws: `DataError` where the masks are larger already.
  func padded(height newHeight: Int, width newWidth: Int, value: UInt8 = 0) throws -> InstanceMasks {
    guard newHeight >= height, newWidth >= width else {
      throw DataError(
        "masks must be at most as large as the picture, \(newHeight)x\(newWidth), found \(height)x\(width); "
          + "check the width and the height in the annotations")
    }
    switch shapes {
    case .bitmaps(let maps):
      return InstanceMasks(
        .bitmaps(changed(maps) { $0.padded(toWidth: newWidth, height: newHeight, value: [Double(value)]) }),
        height: newHeight, width: newWidth)
    case .polygons: return InstanceMasks(shapes, height: newHeight, width: newWidth)
    }
  }

  /// The part in a frame of whole pixels, at least 1 pixel large: `crop`. The frame is cut at the masks' edges.
  func cropped(x1: Int, y1: Int, x2: Int, y2: Int) -> InstanceMasks {
    let (left, right) = (min(max(x1, 0), width), min(max(x2, 0), width))
    let (top, bottom) = (min(max(y1, 0), height), min(max(y2, 0), height))
    let (w, h) = (max(right - left, 1), max(bottom - top, 1))
    switch shapes {
    case .bitmaps(let maps):
      guard left + w <= width, top + h <= height else {
        return InstanceMasks(
          .bitmaps(maps.map { _ in [UInt8](repeating: 0, count: w * h) }), height: h, width: w)
      }
      return InstanceMasks(
        .bitmaps(changed(maps) { $0.cropped(x: left, y: top, width: w, height: h) }), height: h, width: w)
    case .polygons(let objects):
      let (x, y) = (Double(left), Double(top))
      return InstanceMasks(.polygons(Self.mapped(objects) { ($0 - x, $1 - y) }), height: h, width: w)
    }
  }

  /// In a larger frame: `expand`.
  func expanded(height newHeight: Int, width newWidth: Int, top: Int, left: Int) throws -> InstanceMasks {
    try Self.check(newHeight, newWidth)
    guard case .bitmaps(let maps) = shapes else {
      throw DataError("polygons cannot be put into a larger frame; set poly2mask=True")
    }
    return InstanceMasks(
      .bitmaps(
        changed(maps) {
          $0.padded(
            left: left, top: top, right: newWidth - left - $0.width, bottom: newHeight - top - $0.height)
        }), height: newHeight, width: newWidth)
  }

  /// The masks at `indices`, in that order.
  subscript(indices: [Int]) -> InstanceMasks {
    switch shapes {
    case .bitmaps(let maps): InstanceMasks(.bitmaps(indices.map { maps[$0] }), height: height, width: width)
    case .polygons(let objects):
      InstanceMasks(.polygons(indices.map { objects[$0] }), height: height, width: width)
    }
  }

  /// Each mask changed as a picture of one channel.
  func changed(_ maps: [[UInt8]], _ change: (Image) -> Image) -> [[UInt8]] {
    maps.map { map in change(Image(width: width, height: height, channels: 1, bytes: map)).bytes ?? [] }
  }

  /// Each polygon with its points moved.
  static func mapped(
    _ objects: [[[Double]]], _ move: (_ x: Double, _ y: Double) -> (Double, Double)
  ) -> [[[Double]]] {
    objects.map { polygons in
      polygons.map { polygon in
        var polygon = polygon
        for index in stride(from: 0, to: polygon.count - 1, by: 2) {
          (polygon[index], polygon[index + 1]) = move(polygon[index], polygon[index + 1])
        }
        return polygon
      }
    }
  }

  private static func check(_ height: Int, _ width: Int) throws {
    guard height > 0, width > 0, width <= Image.maxPixels / height else {
      throw DataError("masks must have 1...\(Image.maxPixels) pixels, found \(height)x\(width)")
    }
  }
}
