/// Strides, in elements, and what can be told from them.
enum Strides {
  /// Row-major strides of `shape`.
  static func contiguous(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    var step = 1
    for axis in stride(from: shape.count - 1, through: 0, by: -1) {
      strides[axis] = step
      step *= max(1, shape[axis])
    }
    return strides
  }

  /// Strides of a logical `[N, C, H, W]` tensor that lies as `[N, H, W, C]` in memory.
  static func channelsLast(_ shape: [Int]) -> [Int] {
    precondition(shape.count == 4, "Strides.channelsLast: four axes, found \(shape)")
    let (c, h, w) = (max(1, shape[1]), max(1, shape[2]), max(1, shape[3]))
    return [c * h * w, 1, w * c, c]
  }

  /// Whether `strides` place the elements of `shape` as `expected` does; axes of one element do not matter.
  static func agree(_ strides: [Int], _ expected: [Int], shape: [Int]) -> Bool {
    for axis in shape.indices where shape[axis] > 1 && strides[axis] != expected[axis] { return false }
    return true
  }

  /// Whether the elements fill one block of memory without gaps or overlap, in any order of the axes.
  static func isDense(_ shape: [Int], _ strides: [Int]) -> Bool {
    var axes: [(stride: Int, size: Int)] = []
    for axis in shape.indices where shape[axis] != 1 {
      if shape[axis] == 0 { return true }
      axes.append((strides[axis], shape[axis]))
    }
    axes.sort { $0.stride < $1.stride }
    var step = 1
    for (stride, size) in axes {
      if stride != step { return false }
      step *= size
    }
    return true
  }

  /// Strides for a new dense tensor of `shape` whose axes lie in memory in the same order as in `strides`.
  static func dense(_ shape: [Int], like strides: [Int]) -> [Int] {
    // Later axes are the faster ones where strides tie (size-one and expanded axes).
    let order = shape.indices.sorted { (strides[$0], $1) > (strides[$1], $0) }
    var result = [Int](repeating: 1, count: shape.count)
    var step = 1
    for axis in order.reversed() {
      result[axis] = step
      step *= max(1, shape[axis])
    }
    return result
  }

  /// The strides that make `shape` with `strides` look like `newShape` without a copy, or `nil`.
  static func reshaped(_ shape: [Int], _ strides: [Int], to newShape: [Int]) -> [Int]? {
    if shape.contains(0) { return contiguous(newShape) }
    // Runs of old axes that lie one behind the other in memory are one axis.
    var runs: [(size: Int, stride: Int)] = []
    for axis in shape.indices where shape[axis] != 1 {
      if let last = runs.last, last.stride == shape[axis] * strides[axis] {
        runs[runs.count - 1] = (last.size * shape[axis], strides[axis])
      } else {
        runs.append((shape[axis], strides[axis]))
      }
    }
    var result = [Int](repeating: 1, count: newShape.count)
    var axis = newShape.count - 1
    for run in runs.reversed() {
      var left = run.size
      var step = run.stride
      while left > 1 {
        guard axis >= 0, left % newShape[axis] == 0 else { return nil }
        result[axis] = step
        step *= newShape[axis]
        left /= newShape[axis]
        axis -= 1
      }
    }
    // What is left are axes of one element.
    return result
  }
}

/// The shape that two operands broadcast to, by the rules of NumPy and PyTorch.
///
/// - Precondition: aligned at the right, sizes are equal or one of them is 1.
public func broadcastShape(_ a: [Int], _ b: [Int], operation: StaticString = "broadcast") -> [Int] {
  let rank = max(a.count, b.count)
  var result = [Int](repeating: 1, count: rank)
  for axis in 0..<rank {
    let x = axis < rank - a.count ? 1 : a[axis - (rank - a.count)]
    let y = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
    precondition(
      x == y || x == 1 || y == 1, "\(operation): shapes must agree or broadcast, found \(a) and \(b)")
    result[axis] = x == 1 ? y : x
  }
  return result
}
