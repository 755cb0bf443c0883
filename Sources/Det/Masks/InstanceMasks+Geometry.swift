import Core

/// How masks follow what is done to their picture: mmdet's `PolygonMasks` and `BitmapMasks`.
extension InstanceMasks {
  /// The masks of some objects, in the order of `indices`.
  public subscript(indices: [Int]) -> InstanceMasks {
    switch shapes {
    case .polygons(let objects):
      InstanceMasks(.polygons(indices.map { objects[$0] }), height: height, width: width)
    case .bitmaps(let objects):
      InstanceMasks(.bitmaps(indices.map { objects[$0] }), height: height, width: width)
    }
  }

  /// Mirrored masks: `flip`.
  public func flipped(_ direction: FlipDirection) -> InstanceMasks {
    let (w, h) = (Double(width), Double(height))
    let (mirrorsX, mirrorsY) = (direction != .vertical, direction != .horizontal)
    return mapping(
      height: height, width: width,
      polygon: { x, y in (mirrorsX ? w - x : x, mirrorsY ? h - y : y) },
      bitmap: { $0.flipped(direction) })
  }

  /// Masks at another size: `resize`.
  public func resized(toWidth newWidth: Int, height newHeight: Int, interpolation: Interpolation = .nearest)
    -> InstanceMasks
  {
    let (scaleX, scaleY) = (Double(newWidth) / Double(width), Double(newHeight) / Double(height))
    return mapping(
      height: newHeight, width: newWidth, polygon: { x, y in (x * scaleX, y * scaleY) },
      bitmap: { $0.resized(width: newWidth, height: newHeight, interpolation: interpolation) })
  }

  /// Masks at the largest size that `scale` allows: `rescale`.
  public func rescaled(to scale: RescaleTarget, interpolation: Interpolation = .nearest) -> InstanceMasks {
    let size = rescaleSize(width: width, height: height, scale: scale)
    return resized(toWidth: size.width, height: size.height, interpolation: interpolation)
  }

  /// The part of the masks inside of a box: `crop`.
  ///
  /// - Parameters: corners in pixels, the right and bottom ones exclusive; they are moved into the picture first. At
  ///   least one pixel is left.
  public func cropped(x1: Int, y1: Int, x2: Int, y2: Int) -> InstanceMasks {
    let (left, top) = (min(max(x1, 0), width), min(max(y1, 0), height))
    let (right, bottom) = (min(max(x2, 0), width), min(max(y2, 0), height))
    let (newWidth, newHeight) = (max(right - left, 1), max(bottom - top, 1))
    let (dx, dy) = (Double(left), Double(top))
    return mapping(
      height: newHeight, width: newWidth,
      polygon: { x, y in (x - dx, y - dy) },
      bitmap: { image in
        // A box at the right or bottom edge may hold no pixel at all.
        guard left + newWidth <= image.width, top + newHeight <= image.height else {
          return Image(width: newWidth, height: newHeight, channels: 1)
        }
        return image.cropped(x: left, y: top, width: newWidth, height: newHeight)
      })
  }

  /// Masks of a picture that has grown at the right and the bottom: `pad`.
  /// - Parameter value: of the added pixels of bitmaps; polygons have none.
  public func padded(toWidth newWidth: Int, height newHeight: Int, value: UInt8 = 0) -> InstanceMasks {
    precondition(
      newWidth >= width && newHeight >= height,
      "InstanceMasks.padded: must not shrink \(width)x\(height), found \(newWidth)x\(newHeight)")
    return mapping(
      height: newHeight, width: newWidth, polygon: { x, y in (x, y) },
      bitmap: { $0.padded(toWidth: newWidth, height: newHeight, value: [Double(value)]) })
  }

  /// Masks of a picture laid into a larger one at (`left`, `top`): `expand`, which upstream has for bitmaps only.
  public func expanded(toWidth newWidth: Int, height newHeight: Int, left: Int, top: Int) -> InstanceMasks {
    precondition(
      left >= 0 && top >= 0 && left + width <= newWidth && top + height <= newHeight,
      "InstanceMasks.expanded: \(width)x\(height) at (\(left), \(top)) must lie inside \(newWidth)x\(newHeight)"
    )
    let (dx, dy) = (Double(left), Double(top))
    return mapping(
      height: newHeight, width: newWidth, polygon: { x, y in (x + dx, y + dy) },
      bitmap: {
        $0.padded(left: left, top: top, right: newWidth - left - width, bottom: newHeight - top - height)
      })
  }

  /// Masks with every point, or every bitmap, mapped.
  func mapping(
    height newHeight: Int, width newWidth: Int, polygon: (Double, Double) -> (Double, Double),
    bitmap: (Image) -> Image
  ) -> InstanceMasks {
    switch shapes {
    case .polygons(let objects):
      let mapped = objects.map { object in
        object.map { points in
          var points = points
          for index in stride(from: 0, to: points.count - 1, by: 2) {
            (points[index], points[index + 1]) = polygon(points[index], points[index + 1])
          }
          return points
        }
      }
      return InstanceMasks(.polygons(mapped), height: newHeight, width: newWidth)
    case .bitmaps(let objects):
      let mapped = objects.map { bytes -> [UInt8] in
        let image = bitmap(Image(width: width, height: height, channels: 1, bytes: bytes))
        precondition(
          image.width == newWidth && image.height == newHeight,
          "InstanceMasks.mapping: must give \(newWidth)x\(newHeight), found \(image.width)x\(image.height)")
        return image.bytes ?? []
      }
      return InstanceMasks(.bitmaps(mapped), height: newHeight, width: newWidth)
    }
  }
}
