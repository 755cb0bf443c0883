import CKernels
import Testing
import TestSupport

/// A pooling geometry over some extent.
struct PoolCase: CustomTestStringConvertible, Sendable {
  var x: Extent
  var kernel: (Int, Int), stride: (Int, Int), pad: (Int, Int), dilation: (Int, Int)
  var y: Extent

  init(
    _ x: Extent, kernel: (Int, Int), stride: (Int, Int), pad: (Int, Int) = (0, 0),
    dilation: (Int, Int) = (1, 1),
    ceil: Bool = false
  ) {
    (self.x, self.kernel, self.stride, self.pad, self.dilation) = (x, kernel, stride, pad, dilation)
    func size(_ size: Int, _ kernel: Int, _ stride: Int, _ pad: Int, _ dilation: Int) -> Int {
      let room = size + 2 * pad - dilation * (kernel - 1) - 1
      guard ceil else { return room / stride + 1 }
      let count = (room + stride - 1) / stride + 1
      return (count - 1) * stride >= size + pad ? count - 1 : count
    }
    y = Extent(
      x.n, size(x.h, kernel.0, stride.0, pad.0, dilation.0), size(x.w, kernel.1, stride.1, pad.1, dilation.1),
      x.c)
  }

  var testDescription: String { "\(x) by \(kernel), stride \(stride), pad \(pad), dilation \(dilation)" }

  var geometry: mm_pool2d {
    mm_pool2d(
      n: x.n, h: x.h, w: x.w, c: x.c, oh: y.h, ow: y.w, kh: Int32(kernel.0), kw: Int32(kernel.1),
      sh: Int32(stride.0), sw: Int32(stride.1), ph: Int32(pad.0), pw: Int32(pad.1), dh: Int32(dilation.0),
      dw: Int32(dilation.1))
  }

  /// Rows or columns of window `i`, outside of the input too; the last entry is where the padded input ends.
  func rows(_ i: Int) -> [Int] { (0..<kernel.0).map { i * stride.0 - pad.0 + $0 * dilation.0 } }
  func columns(_ i: Int) -> [Int] { (0..<kernel.1).map { i * stride.1 - pad.1 + $0 * dilation.1 } }
}

/// Pooling against its definition, in `Double`.
@Suite struct Pool2dKernelTests {
  static let cases = [
    PoolCase(Extent(2, 9, 11, 64), kernel: (3, 3), stride: (2, 2), pad: (1, 1)),
    PoolCase(Extent(1, 7, 9, 19), kernel: (2, 2), stride: (2, 2), ceil: true),
    PoolCase(Extent(2, 12, 14, 3), kernel: (3, 2), stride: (1, 3), pad: (1, 0), dilation: (2, 3), ceil: true),
    PoolCase(Extent(1, 11, 10, 85), kernel: (5, 5), stride: (3, 3), pad: (2, 2), ceil: true),
    PoolCase(Extent(1, 8, 7, 16), kernel: (1, 2), stride: (3, 3)),
  ]

  @Test(arguments: cases) func `max pooling takes the first of the largest`(_ given: PoolCase) {
    var values = KernelValues(seed: 1)
    let x = values.floats(given.x.count).map { ($0 * 4).rounded() / 4 }  // many equal ones
    let dy = values.floats(given.y.count)
    var (expected, places) = ([Double](), [Int32]())
    var gradient = [Double](repeating: 0, count: x.count)
    for image in 0..<given.y.n {
      for oy in 0..<given.y.h {
        for ox in 0..<given.y.w {
          for channel in 0..<given.y.c {
            var best: (value: Float, place: Int)?
            for iy in given.rows(oy) where iy >= 0 && iy < given.x.h {
              for ix in given.columns(ox) where ix >= 0 && ix < given.x.w {
                let value = x[given.x.offset(image, iy, ix, channel)]
                if best.map({ value > $0.value }) ?? true { best = (value, iy * given.x.w + ix) }
              }
            }
            let place = best?.place ?? 0
            expected.append(Double(best?.value ?? -.infinity))
            places.append(Int32(place))
            gradient[given.x.offset(image, place / given.x.w, place % given.x.w, channel)] +=
              Double(dy[given.y.offset(image, oy, ox, channel)])
          }
        }
      }
    }
    var geometry = given.geometry
    var (y, index) = (
      [Float](repeating: 0, count: expected.count), [Int32](repeating: -1, count: expected.count)
    )
    mm_max_pool2d_forward(&geometry, x, &y, &index)
    #expect(y.map(Double.init) == expected)
    #expect(index == places)
    var alone = [Float](repeating: 0, count: y.count)
    mm_max_pool2d_forward(&geometry, x, &alone, nil)
    #expect(alone == y)
    var dx = [Float](repeating: 7, count: x.count)
    mm_max_pool2d_backward(&geometry, dy, index, &dx)
    expectClose(dx, gradient, "gradient")
  }

  @Test(arguments: [1, 20]) func `not a number wins a window, the last of several`(channels: Int) {
    var x = [Float](repeating: 1, count: 4 * channels)
    for channel in 0..<channels { (x[channels + channel], x[2 * channels + channel]) = (.nan, .nan) }
    var geometry = PoolCase(Extent(1, 2, 2, channels), kernel: (2, 2), stride: (2, 2)).geometry
    var (y, index) = ([Float](repeating: 0, count: channels), [Int32](repeating: 0, count: channels))
    mm_max_pool2d_forward(&geometry, x, &y, &index)
    #expect(y.allSatisfy { $0.isNaN })
    #expect(index.allSatisfy { $0 == 2 })
    mm_adaptive_max_pool2d_forward(1, 2, 2, channels, 1, 1, x, &y, &index)
    #expect(y.allSatisfy { $0.isNaN })
    #expect(index.allSatisfy { $0 == 2 })
  }

  @Test func `a window of nothing keeps its place inside`() {
    // Rows -1 and 1 of an input with one row.
    var geometry = mm_pool2d(
      n: 1, h: 1, w: 1, c: 17, oh: 1, ow: 1, kh: 2, kw: 1, sh: 1, sw: 1, ph: 1, pw: 0, dh: 2, dw: 1)
    let x = [Float](repeating: 5, count: 17)
    var (y, index) = ([Float](repeating: 0, count: 17), [Int32](repeating: 9, count: 17))
    mm_max_pool2d_forward(&geometry, x, &y, &index)
    #expect(y.allSatisfy { $0 == -.infinity })
    #expect(index.allSatisfy { $0 == 0 })
  }

  @Test(arguments: cases, [(false, 0), (true, 0), (true, 5)])
  func `average pooling divides by what it counts`(_ given: PoolCase, _ counting: (Bool, Int)) {
    let (countsPadding, divisor) = counting
    var given = given
    given.dilation = (1, 1)
    var values = KernelValues(seed: 2)
    let x = values.floats(given.x.count), dy = values.floats(given.y.count)
    var expected = [Double]()
    var gradient = [Double](repeating: 0, count: x.count)
    for image in 0..<given.y.n {
      for oy in 0..<given.y.h {
        for ox in 0..<given.y.w {
          let rows = given.rows(oy).filter { $0 < given.x.h + given.pad.0 }
          let columns = given.columns(ox).filter { $0 < given.x.w + given.pad.1 }
          let inRows = rows.filter { $0 >= 0 && $0 < given.x.h }
          let inColumns = columns.filter { $0 >= 0 && $0 < given.x.w }
          let counted = countsPadding ? rows.count * columns.count : inRows.count * inColumns.count
          let scale = 1 / Double(divisor > 0 ? divisor : max(counted, 1))
          for channel in 0..<given.y.c {
            var sum = 0.0
            for iy in inRows {
              for ix in inColumns {
                let at = given.x.offset(image, iy, ix, channel)
                sum += Double(x[at])
                gradient[at] += scale * Double(dy[given.y.offset(image, oy, ox, channel)])
              }
            }
            expected.append(sum * scale)
          }
        }
      }
    }
    var geometry = given.geometry
    var (y, dx) = ([Float](repeating: 0, count: expected.count), [Float](repeating: 7, count: x.count))
    mm_avg_pool2d_forward(&geometry, countsPadding ? 1 : 0, divisor, x, &y)
    mm_avg_pool2d_backward(&geometry, countsPadding ? 1 : 0, divisor, dy, &dx)
    expectClose(y, expected, "average")
    expectClose(dx, gradient, "gradient")
  }

  static let adaptive: [(Extent, Int, Int)] = [
    (Extent(2, 7, 7, 40), 1, 1), (Extent(1, 13, 11, 19), 3, 4), (Extent(2, 5, 6, 3), 7, 9),
    (Extent(1, 6, 4, 300), 4, 4),
  ]

  @Test(arguments: adaptive) func `adaptive windows run from floor to ceiling`(
    _ x: Extent, _ oh: Int, _ ow: Int
  ) {
    var values = KernelValues(seed: 3)
    let y = Extent(x.n, oh, ow, x.c)
    let input = values.floats(x.count), dy = values.floats(y.count)
    var (average, largest, places) = ([Double](), [Double](), [Int32]())
    var gradient = [Double](repeating: 0, count: x.count)
    for image in 0..<y.n {
      for oy in 0..<oh {
        for ox in 0..<ow {
          let rows = oy * x.h / oh..<((oy + 1) * x.h + oh - 1) / oh
          let columns = ox * x.w / ow..<((ox + 1) * x.w + ow - 1) / ow
          for channel in 0..<x.c {
            var (sum, best, place) = (0.0, -Float.infinity, 0)
            for iy in rows {
              for ix in columns {
                let at = x.offset(image, iy, ix, channel)
                sum += Double(input[at])
                if input[at] > best { (best, place) = (input[at], iy * x.w + ix) }
                gradient[at] +=
                  Double(dy[y.offset(image, oy, ox, channel)]) / Double(rows.count * columns.count)
              }
            }
            average.append(sum / Double(rows.count * columns.count))
            largest.append(Double(best))
            places.append(Int32(place))
          }
        }
      }
    }
    var output = [Float](repeating: 0, count: y.count), dx = [Float](repeating: 7, count: x.count)
    var index = [Int32](repeating: -1, count: y.count)
    mm_adaptive_avg_pool2d_forward(x.n, x.h, x.w, x.c, oh, ow, input, &output)
    expectClose(output, average, "average")
    mm_adaptive_avg_pool2d_backward(x.n, x.h, x.w, x.c, oh, ow, dy, &dx)
    expectClose(dx, gradient, "gradient")
    mm_adaptive_max_pool2d_forward(x.n, x.h, x.w, x.c, oh, ow, input, &output, &index)
    #expect(output.map(Double.init) == largest)
    #expect(index == places)
  }
}
