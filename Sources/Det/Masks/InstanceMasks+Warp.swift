import Core

/// Moves, shears and turns. The picture keeps its size, and what comes from outside is background. Points of
/// polygons are moved to the picture's edge where they would leave it.
extension InstanceMasks {
  /// Masks moved by `offset` pixels: `translate`.
  public func translated(
    offset: Double, _ direction: FlipDirection = .horizontal, interpolation: Interpolation = .bilinear
  ) -> InstanceMasks {
    let (w, h) = (Double(width), Double(height))
    let isHorizontal = direction == .horizontal
    return mapping(
      height: height, width: width,
      // The other coordinate stays as it is, outside of the picture too.
      polygon: { x, y in
        isHorizontal ? (clip(x + offset, w), y) : (x, clip(y + offset, h))
      },
      bitmap: { $0.translated(offset: offset, direction, interpolation: interpolation) })
  }

  /// Masks with rows (or columns) shifted in proportion to their number: `shear`.
  public func sheared(
    magnitude: Double, _ direction: FlipDirection = .horizontal, interpolation: Interpolation = .bilinear
  ) -> InstanceMasks {
    let (w, h) = (Double(width), Double(height))
    let amount = Double(Float(magnitude))
    let isHorizontal = direction == .horizontal
    return mapping(
      height: height, width: width,
      polygon: { x, y in
        isHorizontal ? (clip(x + amount * y, w), clip(y, h)) : (clip(x, w), clip(amount * x + y, h))
      },
      bitmap: { $0.sheared(magnitude: magnitude, direction, interpolation: interpolation) })
  }

  /// Masks turned clockwise: `rotate`.
  /// - Parameter center: x and y; the middle of the picture unless given.
  public func rotated(
    degrees: Double, center: (x: Double, y: Double)? = nil, scale: Double = 1
  ) -> InstanceMasks {
    let (w, h) = (Double(width), Double(height))
    let middle = center ?? (Double(width - 1) * 0.5, Double(height - 1) * 0.5)
    let map = AffineMap.rotation(centerX: middle.x, centerY: middle.y, degrees: -degrees, scale: scale)
    return mapping(
      height: height, width: width,
      polygon: { x, y in
        (clip(map.a * x + map.b * y + map.c, w), clip(map.d * x + map.e * y + map.f, h))
      },
      bitmap: { $0.rotated(degrees: degrees, center: middle, scale: scale) })
  }
}

private func clip(_ value: Double, _ upper: Double) -> Double { min(max(value, 0), upper) }
