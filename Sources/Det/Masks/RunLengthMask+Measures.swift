extension RunLengthMask {
  /// Pixels of the object.
  public var area: Int {
    var sum = 0
    for index in stride(from: 1, to: runs.count, by: 2) { sum += Int(runs[index]) }
    return sum
  }

  /// The smallest box around the object: `x, y, width, height` in pixels. All zeros where there are no runs, and odd
  /// where there is no object, as pycocotools has them.
  public var box: (x: Double, y: Double, width: Double, height: Double) {
    let (even, h) = (runs.count / 2 * 2, UInt32(truncatingIfNeeded: height))
    guard even > 0, h > 0 else { return (0, 0, 0, 0) }
    var (left, top, right, bottom) = (UInt32(truncatingIfNeeded: width), h, UInt32(0), UInt32(0))
    var end: UInt32 = 0
    for index in 0..<even {
      let start = end
      end &+= runs[index]
      guard index % 2 == 1, runs[index] > 0 else { continue }
      let (firstColumn, firstRow) = start.quotientAndRemainder(dividingBy: h)
      let (lastColumn, lastRow) = (end &- 1).quotientAndRemainder(dividingBy: h)
      left = min(left, firstColumn)
      right = max(right, lastColumn)
      if firstColumn < lastColumn {
        (top, bottom) = (0, h - 1)
      } else {
        top = min(top, firstRow)
        bottom = max(bottom, lastRow)
      }
    }
    // In 32 bits: a mask without pixels has the box (width, height, 1 - width, 1 - height) modulo 2^32.
    return (Double(left), Double(top), Double(right &- left &+ 1), Double(bottom &- top &+ 1))
  }
}

extension RunLengthMask {
  /// How masks are put together.
  public enum Combination: Sendable { case union, intersection }

  /// One mask of several, all of one size; of none, `nil`.
  /// - Complexity: O(runs × masks).
  public static func combine(_ masks: [RunLengthMask], _ combination: Combination = .union) -> RunLengthMask?
  {
    guard var result = masks.first else { return nil }
    for mask in masks.dropFirst() {
      precondition(
        mask.height == result.height && mask.width == result.width,
        "RunLengthMask.combine: masks must have one size, found \(result.height)x\(result.width) and "
          + "\(mask.height)x\(mask.width)")
      result.runs = merge(result.runs, mask.runs, combination)
    }
    return result
  }

  private static func merge(_ a: [UInt32], _ b: [UInt32], _ combination: Combination) -> [UInt32] {
    var runs: [UInt32] = []
    runs.reserveCapacity(a.count + b.count)
    var (i, j) = (1, 1)
    var (restA, restB) = (a.first ?? 0, b.first ?? 0)
    var (insideA, insideB, inside) = (false, false, false)
    var length: UInt32 = 0
    while true {
      // A mask that ends early has no further say.
      let step = i >= a.count && restA == 0 ? restB : j >= b.count && restB == 0 ? restA : min(restA, restB)
      length &+= step
      if restA >= step { restA -= step }
      if restB >= step { restB -= step }
      if restA == 0, i < a.count {
        restA = a[i]
        i += 1
        insideA.toggle()
      }
      if restB == 0, j < b.count {
        restB = b[j]
        j += 1
        insideB.toggle()
      }
      let isOver = restA == 0 && restB == 0 && i >= a.count && j >= b.count
      let was = inside
      inside = combination == .union ? insideA || insideB : insideA && insideB
      if inside != was || isOver {
        runs.append(length)
        length = 0
      }
      if isOver { return runs }
    }
  }
}
