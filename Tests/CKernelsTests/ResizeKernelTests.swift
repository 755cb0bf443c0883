import CKernels
import Testing
import TestSupport

/// A resizing and its definition: the weights with which each output position takes input positions.
struct ResizeCase: CustomTestStringConvertible, Sendable {
  var x: Extent
  var oh: Int, ow: Int
  var scale = (0.0, 0.0)
  var alignsCorners = false
  var mode = MM_RESIZE_BILINEAR

  var testDescription: String {
    "\(x) to \(oh)x\(ow), scale \(scale), align \(alignsCorners), mode \(mode.rawValue)"
  }
  var y: Extent { Extent(x.n, oh, ow, x.c) }
  var parameters: mm_resize {
    mm_resize(
      n: x.n, h: x.h, w: x.w, c: x.c, oh: oh, ow: ow, scale_h: scale.0, scale_w: scale.1,
      align_corners: alignsCorners ? 1 : 0, mode: mode)
  }

  func weights(_ i: Int, _ input: Int, _ output: Int, _ scale: Double) -> [(Int, Double)] {
    let ratio = scale > 0 ? 1 / scale : Double(input) / Double(output)
    let center =
      alignsCorners
      ? Double(i) * (output > 1 ? Double(input - 1) / Double(output - 1) : 0)
      : (Double(i) + 0.5) * ratio - 0.5
    func inside(_ k: Int) -> Int { min(max(k, 0), input - 1) }
    switch mode {
    case MM_RESIZE_NEAREST: return [(inside(Int(Double(i) * ratio)), 1)]
    case MM_RESIZE_NEAREST_EXACT: return [(inside(Int((Double(i) + 0.5) * ratio)), 1)]
    case MM_RESIZE_BILINEAR:
      let at = min(max(center, 0), Double(input - 1)), low = Int(at), part = at - Double(low)
      return [(low, 1 - part), (inside(low + 1), part)]
    default:
      let low = center.rounded(.down)
      return (-1...2).map { k in
        let d = abs(center - low - Double(k)), a = -0.75
        let weight = d <= 1 ? ((a + 2) * d - a - 3) * d * d + 1 : ((d - 5) * d + 8) * d * a - 4 * a
        return (inside(Int(low) + k), weight)
      }
    }
  }
}

/// Resizing against its definition, in `Double`.
@Suite struct ResizeKernelTests {
  static let shapes = [
    ResizeCase(x: Extent(2, 7, 9, 19), oh: 14, ow: 18),
    ResizeCase(x: Extent(1, 8, 5, 3), oh: 13, ow: 4),
    ResizeCase(x: Extent(1, 16, 16, 32), oh: 4, ow: 4),
    ResizeCase(x: Extent(2, 5, 6, 16), oh: 5, ow: 6),
    ResizeCase(x: Extent(1, 5, 7, 40), oh: 1, ow: 1),
    ResizeCase(x: Extent(1, 1, 1, 70), oh: 3, ow: 4),
    ResizeCase(x: Extent(1, 6, 7, 5), oh: 13, ow: 16, scale: (2.25, 2.375)),
    ResizeCase(x: Extent(1, 12, 13, 17), oh: 4, ow: 22, scale: (0.375, 1.75)),
  ]
  static let modes = [MM_RESIZE_NEAREST, MM_RESIZE_NEAREST_EXACT, MM_RESIZE_BILINEAR, MM_RESIZE_BICUBIC]

  @Test(arguments: shapes, [(0, false), (1, false), (2, false), (2, true), (3, false), (3, true)])
  func `forward and gradient follow the weights`(_ shape: ResizeCase, _ kind: (Int, Bool)) {
    var given = shape
    given.mode = Self.modes[kind.0]
    given.alignsCorners = kind.1
    var values = KernelValues(seed: 10)
    let (x, y) = (given.x, given.y)
    let input = values.floats(x.count), dy = values.floats(y.count)
    var expected = [Double](repeating: 0, count: y.count), gradient = [Double](repeating: 0, count: x.count)
    let rows = (0..<y.h).map { given.weights($0, x.h, y.h, given.scale.0) }
    let columns = (0..<y.w).map { given.weights($0, x.w, y.w, given.scale.1) }
    for image in 0..<x.n {
      for oy in 0..<y.h {
        for ox in 0..<y.w {
          for (iy, wy) in rows[oy] {
            for (ix, wx) in columns[ox] {
              for channel in 0..<x.c {
                let (from, to) = (x.offset(image, iy, ix, channel), y.offset(image, oy, ox, channel))
                expected[to] += wy * wx * Double(input[from])
                gradient[from] += wy * wx * Double(dy[to])
              }
            }
          }
        }
      }
    }
    var parameters = given.parameters
    var output = [Float](repeating: 9, count: y.count), dx = [Float](repeating: 9, count: x.count)
    mm_resize_forward(&parameters, input, &output)
    mm_resize_backward(&parameters, dy, &dx)
    expectClose(output, expected, relative: 1e-5, absolute: 1e-5, "forward")
    expectClose(dx, gradient, relative: 2e-5, absolute: 2e-5, "gradient")
  }

  @Test func `nearest counts from the left edge, exact from the center`() {
    let x: [Float] = [0, 1, 2]
    var y = [Float](repeating: 0, count: 5)
    var parameters = ResizeCase(x: Extent(1, 1, 3, 1), oh: 1, ow: 5, mode: MM_RESIZE_NEAREST).parameters
    mm_resize_forward(&parameters, x, &y)
    #expect(y == [0, 0, 1, 1, 2])
    parameters.mode = MM_RESIZE_NEAREST_EXACT
    mm_resize_forward(&parameters, x, &y)
    #expect(y == [0, 0, 1, 2, 2])
  }

  @Test(arguments: modes, [1e-30, 1e30, .infinity, .nan, -1]) func `no scale leaves the image`(
    _ mode: mm_resize_mode, _ scale: Double
  ) {
    var values = KernelValues(seed: 11)
    let given = ResizeCase(x: Extent(1, 4, 5, 18), oh: 7, ow: 3, scale: (scale, scale), mode: mode)
    let x = values.floats(given.x.count)
    var parameters = given.parameters
    var y = [Float](repeating: .nan, count: given.y.count), dx = [Float](repeating: .nan, count: x.count)
    mm_resize_forward(&parameters, x, &y)
    mm_resize_backward(&parameters, y, &dx)
    #expect(y.allSatisfy { $0.isFinite })
    #expect(dx.allSatisfy { $0.isFinite })
  }
}

extension mm_resize_mode: @retroactive @unchecked Sendable {}
