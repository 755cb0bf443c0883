import CKernels
import Testing
import TestSupport

/// One sampling of an image, and its definition in `Double`.
struct SampleCase: Sendable, CustomTestStringConvertible {
  var x = Extent(2, 7, 9, 19)
  var oh = 5, ow = 6
  var mode = 0, padding = 0
  var alignsCorners = false

  var testDescription: String { "\(x), mode \(mode), padding \(padding), align \(alignsCorners)" }
  var y: Extent { Extent(x.n, oh, ow, x.c) }
  var parameters: mm_grid_sample {
    mm_grid_sample(
      n: x.n, h: x.h, w: x.w, c: x.c, oh: oh, ow: ow, mode: mm_sample_mode(rawValue: UInt32(mode)),
      padding: mm_sample_padding(rawValue: UInt32(padding)), align_corners: alignsCorners ? 1 : 0)
  }

  /// Reflections until the position is inside, then the border.
  func padded(_ position: Double, _ size: Int) -> Double {
    guard padding > 0 else { return position }
    var at = position
    if padding == 2 {
      let (low, high) = alignsCorners ? (0, Double(size - 1)) : (-0.5, Double(size) - 0.5)
      guard high > low else { return 0 }
      while at < low || at > high { at = at < low ? 2 * low - at : 2 * high - at }
    }
    return min(max(at, 0), Double(size - 1))
  }

  /// Pixels with weights along one axis; pixels outside are left out.
  func weights(_ coordinate: Double, _ size: Int) -> [(Int, Double)] {
    let at =
      alignsCorners
      ? (coordinate + 1) / 2 * Double(size - 1) : ((coordinate + 1) * Double(size) - 1) / 2
    let taps: [(Double, Double)]
    switch mode {
    case 0:
      let position = padded(at, size), low = position.rounded(.down)
      taps = [(low, 1 - (position - low)), (low + 1, position - low)]
    case 1: taps = [(padded(at, size).rounded(.toNearestOrEven), 1)]
    default:
      let low = at.rounded(.down)
      taps = (-1...2).map { k in
        let d = abs(at - low - Double(k)), a = -0.75
        let weight = d <= 1 ? ((a + 2) * d - a - 3) * d * d + 1 : ((d - 5) * d + 8) * d * a - 4 * a
        return (padded(low + Double(k), size), weight)
      }
    }
    return taps.filter { $0.0 >= 0 && $0.0 < Double(size) }.map { (Int($0.0), $0.1) }
  }

  /// What the gradient `dy` weighs of the sample at (x, y), and its parts by pixel.
  func sample(_ image: Int, _ point: (Double, Double)) -> [(y: Int, x: Int, weight: Double)] {
    weights(point.1, x.h).flatMap { row in
      weights(point.0, x.w).map { (row.0, $0.0, row.1 * $0.1) }
    }
  }
}

/// Grid sampling against its definition, in `Double`.
@Suite struct GridSampleKernelTests {
  static let cases = (0..<3).flatMap { mode in
    (0..<3).flatMap { padding in
      [false, true].map { SampleCase(mode: mode, padding: padding, alignsCorners: $0) }
    }
  }

  @Test(arguments: cases) func `forward and both gradients`(_ given: SampleCase) {
    var values = KernelValues(seed: 12)
    let (x, y) = (given.x, given.y)
    let input = values.floats(x.count), dy = values.floats(y.count)
    let grid = values.floats(y.n * y.h * y.w * 2, scale: 1.8)
    var expected = [Double](repeating: 0, count: y.count), gradient = [Double](repeating: 0, count: x.count)
    var slopes = [Double]()
    for p in 0..<y.n * y.h * y.w {
      let image = p / (y.h * y.w), point = (Double(grid[2 * p]), Double(grid[2 * p + 1]))
      for (iy, ix, weight) in given.sample(image, point) {
        for channel in 0..<x.c {
          let (from, to) = (x.offset(image, iy, ix, channel), p * x.c + channel)
          expected[to] += weight * Double(input[from])
          gradient[from] += weight * Double(dy[to])
        }
      }
      func value(_ point: (Double, Double)) -> Double {
        given.sample(image, point).reduce(0) { sum, tap in
          sum + tap.weight
            * (0..<x.c).reduce(0) {
              $0 + Double(input[x.offset(image, tap.y, tap.x, $1)]) * Double(dy[p * x.c + $1])
            }
        }
      }
      let step = 1e-7
      slopes.append((value((point.0 + step, point.1)) - value((point.0 - step, point.1))) / (2 * step))
      slopes.append((value((point.0, point.1 + step)) - value((point.0, point.1 - step))) / (2 * step))
    }
    var parameters = given.parameters
    var output = [Float](repeating: 9, count: y.count), dx = [Float](repeating: 9, count: x.count)
    var dgrid = [Float](repeating: 9, count: grid.count)
    mm_grid_sample_forward(&parameters, input, grid, &output)
    expectClose(output, expected, relative: 1e-5, absolute: 1e-5, "forward")
    mm_grid_sample_backward(&parameters, input, grid, dy, &dx, &dgrid)
    expectClose(dx, gradient, relative: 1e-5, absolute: 2e-5, "gradient of the image")
    expectClose(dgrid, slopes, relative: 1e-4, absolute: 1e-3, "gradient of the grid")
    var alone = dx.map { _ in Float(9) }
    mm_grid_sample_backward(&parameters, input, grid, dy, &alone, nil)
    #expect(alone == dx)
    mm_grid_sample_backward(&parameters, input, grid, dy, nil, &dgrid)
    expectClose(dgrid, slopes, relative: 1e-4, absolute: 1e-3, "gradient of the grid alone")
  }

  @Test(arguments: cases) func `no point of the grid leaves the image`(_ given: SampleCase) {
    var given = given
    let special: [Float] = [.nan, .infinity, -.infinity, 1e10, -1e10, .greatestFiniteMagnitude, -1, 1, 0]
    given.x = Extent(1, 1, 3, 17)
    (given.oh, given.ow) = (special.count, special.count)
    let grid = special.flatMap { y in special.flatMap { [$0, y] } }
    let x = [Float](repeating: 1, count: given.x.count)
    var parameters = given.parameters
    var y = [Float](repeating: 9, count: given.y.count), dx = x, dgrid = grid
    mm_grid_sample_forward(&parameters, x, grid, &y)
    mm_grid_sample_backward(&parameters, x, grid, y, &dx, &dgrid)
    // Borders and reflections take every point to a pixel; halves of bilinear weights add up to 1.
    if given.padding > 0 && given.mode < 2 { #expect(y.allSatisfy { abs($0 - 1) < 1e-6 }) }
    // Without padding, far points see nothing, and what is no position has no value, but for the nearest pixel.
    if given.padding == 0 {
      #expect(y[0].isNaN == (given.mode != 1))
      #expect(given.mode == 1 ? y[0] == 0 : true)
    }
  }

  @Test func `halves go to the even pixel`() {
    var parameters = SampleCase(x: Extent(1, 1, 5, 1), oh: 1, ow: 3, mode: 1, alignsCorners: true).parameters
    var y = [Float](repeating: 0, count: 3)
    // Positions 0.5, 1.5 and 2.5.
    mm_grid_sample_forward(&parameters, [10, 11, 12, 13, 14], [-0.75, 0, -0.25, 0, 0.25, 0], &y)
    #expect(y == [10, 12, 12])
  }
}
