/// A point of a drawing, in pixels; (0, 0) is the middle of the upper left pixel.
public struct DrawingPoint: Sendable, Equatable {
  public var x, y: Double

  public init(_ x: Double, _ y: Double) {
    (self.x, self.y) = (x, y)
  }
}

/// Shapes drawn into images of bytes. Colours have one value a channel, BGR; what lies outside is cut off; coordinates
/// beyond a million pixels or not finite draw nothing.
extension Image {
  /// Fills `x1...x2` × `y1...y2`.
  public mutating func fillRectangle(
    x1: Int, y1: Int, x2: Int, y2: Int, color: [UInt8], opacity: Double = 1
  ) {
    let (top, bottom) = (max(min(y1, y2), 0), min(max(y1, y2), height - 1))
    paint("fillRectangle", color, opacity: opacity) { canvas in
      for y in stride(from: top, through: bottom, by: 1) {
        canvas.span(from: min(x1, x2), to: max(x1, x2), y: y)
      }
    }
  }

  /// Draws the frame of a box; lines grow to both sides of it.
  public mutating func drawRectangle(
    x1: Int, y1: Int, x2: Int, y2: Int, color: [UInt8], thickness: Int = 1
  ) {
    guard thickness > 0, [x1, y1, x2, y2].allSatisfy({ abs($0) <= Self.farthest }) else { return }
    let (left, right, top, bottom) = (min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2))
    let (before, after) = ((thickness - 1) / 2, thickness / 2)
    let rows = max(top - before, 0)..<max(min(bottom + after + 1, height), max(top - before, 0))
    paint("drawRectangle", color) { canvas in
      for y in rows {
        if y <= top + after || y >= bottom - before {
          canvas.span(from: left - before, to: right + after, y: y)
        } else if right - before > left + after {
          canvas.span(from: left - before, to: left + after, y: y)
          canvas.span(from: right - before, to: right + after, y: y)
        } else {
          canvas.span(from: left - before, to: right + after, y: y)
        }
      }
    }
  }

  /// Draws a line.
  public mutating func drawLine(
    from start: DrawingPoint, to end: DrawingPoint, color: [UInt8], thickness: Double = 1, opacity: Double = 1
  ) {
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    let length = (dx * dx + dy * dy).squareRoot()
    let half = max(thickness, 1) / 2
    guard length > 0 else {
      let corner = [(-1.0, -1.0), (1, -1), (1, 1), (-1, 1)]
      fillPolygon(
        corner.map { DrawingPoint(start.x + $0.0 * half, start.y + $0.1 * half) }, color: color,
        opacity: opacity)
      return
    }
    // A rectangle along the line, half a pixel longer at both ends.
    let (ux, uy) = (dx / length, dy / length)
    let (nx, ny) = (-uy * half, ux * half)
    let (sx, sy) = (start.x - ux * 0.5, start.y - uy * 0.5)
    let (ex, ey) = (end.x + ux * 0.5, end.y + uy * 0.5)
    fillPolygon(
      [
        DrawingPoint(sx + nx, sy + ny), DrawingPoint(ex + nx, ey + ny), DrawingPoint(ex - nx, ey - ny),
        DrawingPoint(sx - nx, sy - ny),
      ], color: color, opacity: opacity)
  }

  /// Draws the outline of a polygon.
  public mutating func drawPolygon(_ points: [DrawingPoint], color: [UInt8], thickness: Double = 1) {
    guard var last = points.last else { return }
    for point in points {
      drawLine(from: last, to: point, color: color, thickness: thickness)
      last = point
    }
  }

  /// Fills a polygon: the pixels whose middle lies inside, by the even-odd rule.
  /// - Complexity: O(points × rows + pixels).
  public mutating func fillPolygon(_ points: [DrawingPoint], color: [UInt8], opacity: Double = 1) {
    guard points.count >= 3,
      points.allSatisfy({ abs($0.x) <= Double(Self.farthest) && abs($0.y) <= Double(Self.farthest) })
    else { return }
    let ys = points.map(\.y)
    guard let low = ys.min(), let high = ys.max() else { return }
    let rows =
      max(
        Int(low.rounded(.up)), 0)..<max(
        min(Int(high.rounded(.down)) + 1, height), max(Int(low.rounded(.up)), 0))
    paint("fillPolygon", color, opacity: opacity) { canvas in
      var crossings: [Double] = []
      for row in rows {
        let y = Double(row)
        crossings.removeAll(keepingCapacity: true)
        var before = points[points.count - 1]
        for point in points {
          if (before.y <= y) != (point.y <= y) {
            crossings.append(before.x + (y - before.y) / (point.y - before.y) * (point.x - before.x))
          }
          before = point
        }
        crossings.sort()
        for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
          // Middles on the left edge belong to the polygon, those on the right edge do not.
          let first = Int(crossings[pair].rounded(.up))
          canvas.span(from: first, to: Int(crossings[pair + 1].rounded(.up)) - 1, y: row)
        }
      }
    }
  }

  /// Blends a colour into the pixels where `mask` (`height × width`) is true.
  public mutating func paint(mask: [Bool], color: [UInt8], opacity: Double = 0.5) {
    precondition(
      mask.count == width * height,
      "Image.paint: the mask must have \(width * height) values, found \(mask.count)")
    let (width, height) = (width, height)
    paint("paint", color, opacity: opacity) { canvas in
      for y in 0..<height {
        var x = 0
        while x < width {
          guard mask[y * width + x] else {
            x += 1
            continue
          }
          let start = x
          while x < width, mask[y * width + x] { x += 1 }
          canvas.span(from: start, to: x - 1, y: y)
        }
      }
    }
  }

  /// Lays another image of the same channels over this one, its upper left corner at (`x`, `y`).
  public mutating func draw(_ other: Image, x: Int, y: Int, opacity: Double = 1) {
    precondition(
      other.channels == channels,
      "Image.draw: the other image must have \(channels) channels, found \(other.channels)")
    let source = other.requireBytes("draw")
    let weight = Int((min(max(opacity, 0), 1) * 256).rounded())
    let (width, height, channels) = (width, height, channels)
    guard abs(x) <= Self.farthest, abs(y) <= Self.farthest else { return }
    withMutableBytes("draw") { samples in
      let columns = max(0, -x)..<max(max(0, -x), min(other.width, width - x))
      for row in max(0, -y)..<max(max(0, -y), min(other.height, height - y)) {
        for i in columns.lowerBound * channels..<columns.upperBound * channels {
          let at = ((y + row) * width + x) * channels + i
          let old = Int(samples[at])
          samples[at] = UInt8(
            old + ((Int(source[row * other.width * channels + i]) - old) * weight + 128) >> 8)
        }
      }
    }
  }

  private static var farthest: Int { 1_000_000 }
}
