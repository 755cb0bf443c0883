extension RunLengthMask {
  /// The area inside of some polygons together, as pycocotools' `frPyObjects` and `merge` have it.
  ///
  /// - Parameter polygons: each `x, y, x, y, ...` in pixels; the first has at least three points.
  /// - Throws: ``MaskError`` when a polygon has an odd number of coordinates, or one that is not finite or beyond
  ///   10^8.
  public init(polygons: [[Double]], height: Int, width: Int) throws(MaskError) {
    // pycocotools takes a first polygon of four numbers for a box, and then refuses it for its type.
    guard let first = polygons.first, first.count > 4 else {
      throw MaskError(
        "the first polygon must have at least three points, found "
          + (polygons.isEmpty ? "no polygon" : "\(polygons[0].count) numbers"))
    }
    var parts: [RunLengthMask] = []
    for polygon in polygons { parts.append(try Self.inside(polygon, height, width)) }
    guard let union = Self.combine(parts) else { throw MaskError("must have polygons, found none") }
    self = union
  }

  /// Sides are drawn on a grid five times as fine; where one passes the middle of a column of pixels, the column
  /// changes between background and object. Only those places are computed here, which gives the same runs as
  /// drawing all points.
  private static func inside(
    _ polygon: [Double], _ height: Int, _ width: Int
  ) throws(MaskError) -> RunLengthMask {
    try checkSize(height: height, width: width)
    guard polygon.count % 2 == 0 else {
      throw MaskError("a polygon must have an even number of coordinates, found \(polygon.count)")
    }
    var fine: [Int] = []
    fine.reserveCapacity(polygon.count + 2)
    for (index, coordinate) in polygon.enumerated() {
      guard abs(coordinate) <= 1e8 else {
        throw MaskError("a polygon's coordinates must be within 10^8, found \(coordinate) at \(index)")
      }
      fine.append(Int(5 * coordinate + 0.5))
    }
    if fine.count >= 2 { fine += fine[0..<2] }
    var crossings: [UInt32] = []
    for index in stride(from: 0, to: fine.count - 2, by: 2) {
      addCrossings(
        from: (fine[index], fine[index + 1]), to: (fine[index + 2], fine[index + 3]), height, width,
        &crossings)
    }
    crossings.append(UInt32(height * width))
    crossings.sort()
    return RunLengthMask(height: height, width: width, runs: runs(between: crossings))
  }

  /// Pixels, counted column by column, at which a side switches columns between background and object.
  private static func addCrossings(
    from start: (x: Int, y: Int), to end: (x: Int, y: Int), _ height: Int, _ width: Int,
    _ crossings: inout [UInt32]
  ) {
    let (dx, dy) = (abs(end.x - start.x), abs(end.y - start.y))
    guard dx > 0 else { return }
    let isFlat = dx >= dy
    // Sides are followed in the direction in which their longer extent grows.
    let flips = isFlat ? start.x > end.x : start.y > end.y
    let (low, high) = flips ? (end, start) : (start, end)
    let slope = isFlat ? Double(high.y - low.y) / Double(dx) : Double(high.x - low.x) / Double(dy)
    let (left, right) = (min(start.x, end.x), max(start.x, end.x))
    // The middle of column c lies between the fine columns 5c + 2 and 5c + 3.
    let first = max(0, (left - 2 + 4) / 5)
    let last = min(width - 1, (right - 3) / 5)
    guard right >= 3, first <= last else { return }
    for column in first...last {
      let fineX = 5 * column + 2
      let fineY: Int
      if isFlat {
        let step = fineX - low.x
        guard step >= 0, step + 1 <= dx else { continue }
        fineY = min(
          Int(Double(low.y) + slope * Double(step) + 0.5), Int(Double(low.y) + slope * Double(step + 1) + 0.5)
        )
      } else {
        guard let step = lastStep(before: fineX, Double(low.x), slope, dy) else { continue }
        fineY = low.y + step
      }
      let y = min(max((Double(fineY) + 0.5) / 5 - 0.5, 0), Double(height)).rounded(.up)
      crossings.append(UInt32(column * height + Int(y)))
    }
  }

  /// The last step of a steep side on this side of the change between the fine columns `fineX` and `fineX + 1`.
  private static func lastStep(before fineX: Int, _ startX: Double, _ slope: Double, _ steps: Int) -> Int? {
    let rises = slope > 0
    func isBefore(_ step: Int) -> Bool {
      let x = Int(startX + slope * Double(step) + 0.5)
      return rises ? x <= fineX : x > fineX
    }
    guard isBefore(0), !isBefore(steps) else { return nil }
    // Positions change in one direction only: guess, then walk to the exact place.
    var step = Int(((Double(fineX) + 0.5 - startX) / slope).rounded(.down))
    step = min(max(step, 0), steps - 1)
    while step > 0, !isBefore(step) { step -= 1 }
    while isBefore(step + 1) { step += 1 }
    return step
  }

  /// Lengths between sorted places; two changes at one place cancel out.
  private static func runs(between places: [UInt32]) -> [UInt32] {
    var lengths: [UInt32] = []
    lengths.reserveCapacity(places.count)
    var before: UInt32 = 0
    for place in places {
      lengths.append(place - before)
      before = place
    }
    var runs: [UInt32] = [lengths[0]]
    var index = 1
    while index < lengths.count {
      if lengths[index] > 0 {
        runs.append(lengths[index])
        index += 1
      } else {
        index += 1
        if index < lengths.count {
          runs[runs.count - 1] += lengths[index]
          index += 1
        }
      }
    }
    return runs
  }
}
