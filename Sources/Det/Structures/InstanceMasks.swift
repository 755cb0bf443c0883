/// Masks of the objects in one picture, all of the picture's size. Mirrors mmdet's `PolygonMasks` and `BitmapMasks`.
public struct InstanceMasks: Sendable, Equatable {
  public enum Shapes: Sendable, Equatable {
    /// For each object its polygons, each `x, y, x, y, ...` in pixels.
    case polygons([[[Double]]])
    /// For each object `height × width` bytes, 0 or 1, row by row.
    case bitmaps([[UInt8]])
  }

  public var shapes: Shapes
  /// Of the picture, in pixels.
  public var height, width: Int

  public init(_ shapes: Shapes, height: Int, width: Int) {
    (self.shapes, self.height, self.width) = (shapes, height, width)
  }

  public var count: Int {
    switch shapes {
    case .polygons(let objects): objects.count
    case .bitmaps(let objects): objects.count
    }
  }
}

/// A mask as COCO stores it: lengths of runs, column by column, beginning with a run of zeros.
public struct RunLengthMask: Sendable, Equatable {
  public var height, width: Int
  public var runs: [UInt32]

  public init(height: Int, width: Int, runs: [UInt32]) {
    (self.height, self.width, self.runs) = (height, width, runs)
  }
}
