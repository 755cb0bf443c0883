import CKernels
import Foundation
import Testing

@Suite struct GridSampleKernelTests {
  static let modes = [MM_SAMPLE_BILINEAR, MM_SAMPLE_NEAREST, MM_SAMPLE_BICUBIC]
  static let paddings = [MM_SAMPLE_ZEROS, MM_SAMPLE_BORDER, MM_SAMPLE_REFLECTION]
  static let (n, h, w, c, oh, ow) = (2, 5, 4, 3, 3, 4)

  /// Reflects by walking back and forth.
  static func padded(_ v: Double, _ size: Int, _ padding: Int, _ align: Bool) -> Double {
    if padding == 0 { return v }
    var v = v
    if padding == 2 {
      let low = align ? 0 : -0.5, high = align ? Double(size - 1) : Double(size) - 0.5
      while v < low || v > high { v = v < low ? 2 * low - v : 2 * high - v }
    }
    return min(max(v, 0), Double(size - 1))
  }

  static func sample(_ x: [Double], _ grid: [Double], _ mode: Int, _ padding: Int, _ align: Bool) -> [Double] {
    var y = [Double](repeating: 0, count: n * oh * ow * c)
    let weight = { (d: Double) -> Double in
      let d = abs(d), a = -0.75
      if mode != 2 { return max(0, 1 - d) }
      return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
    }
    for p in 0..<n * oh * ow {
      let pixel = { (g: Double, size: Int) in
        let v = align ? (g + 1) / 2 * Double(size - 1) : ((g + 1) * Double(size) - 1) / 2
        return mode == 2 ? v : padded(v, size, padding, align)
      }
      let gx = pixel(grid[2 * p], w), gy = pixel(grid[2 * p + 1], h)
      let add = { (px: Double, py: Double, weight: Double) in
        let (ix, iy) = (Int(px), Int(py))
        guard px >= 0, py >= 0, ix < w, iy < h else { return }
        for k in 0..<c { y[p * c + k] += weight * x[((p / (oh * ow) * h + iy) * w + ix) * c + k] }
      }
      if mode == 1 {
        add(gx.rounded(.toNearestOrEven), gy.rounded(.toNearestOrEven), 1)
        continue
      }
      let reach = mode == 2 ? -1...2 : 0...1, bx = gx.rounded(.down), by = gy.rounded(.down)
      for j in reach { for i in reach {
        let qx = bx + Double(i), qy = by + Double(j), strength = weight(gx - qx) * weight(gy - qy)
        if mode == 2 {
          add(padded(qx, w, padding, align), padded(qy, h, padding, align), strength)
        } else {
          add(qx, qy, strength)
        }
      } }
    }
    return y
  }

  @Test(arguments: 0..<9, [false, true]) func `forward and gradients`(_ k: Int, _ align: Bool) {
    let (mode, padding) = (k / 3, k % 3)
    let (n, h, w, c, oh, ow) = (Self.n, Self.h, Self.w, Self.c, Self.oh, Self.ow)
    var s = mm_grid_sample(
      n: n, h: h, w: w, c: c, oh: oh, ow: ow, mode: Self.modes[mode], padding: Self.paddings[padding],
      align_corners: align ? 1 : 0)
    let x = KernelTest.values(n * h * w * c), grid = KernelTest.values(n * oh * ow * 2, seed: 2, in: -1.7...1.7)
    let dy = KernelTest.values(n * oh * ow * c, seed: 3)
    var y = dy, dx = x, dgrid = grid
    mm_grid_sample_forward(&s, x, grid, &y)
    mm_grid_sample_backward(&s, x, grid, dy, &dx, &dgrid)
    let wideX = x.map(Double.init), wideGrid = grid.map(Double.init)
    #expect(KernelTest.error(y, Self.sample(wideX, wideGrid, mode, padding, align)) < 2e-5)
    let byX = KernelTest.gradient(x, dy) { Self.sample($0, wideGrid, mode, padding, align) }
    #expect(KernelTest.error(dx, byX) < 2e-5)
    let byGrid = KernelTest.gradient(grid, dy) { Self.sample(wideX, $0, mode, padding, align) }
    #expect(KernelTest.error(dgrid, byGrid) < 5e-5)
  }

  @Test func `hostile coordinates read nothing or the border`() {
    for padding in Self.paddings {
      for mode in Self.modes {
        var s = mm_grid_sample(
          n: 1, h: 2, w: 2, c: 1, oh: 1, ow: 3, mode: mode, padding: padding, align_corners: 0)
        var y = [Float](repeating: 7, count: 3), dx = [Float](repeating: 7, count: 4), dgrid = [Float](repeating: 7, count: 6)
        let grid: [Float] = [.nan, 1e30, .infinity, -.infinity, -1e30, 0]
        mm_grid_sample_forward(&s, [1, 1, 1, 1], grid, &y)
        mm_grid_sample_backward(&s, [1, 1, 1, 1], grid, [1, 1, 1], &dx, &dgrid)
        if padding == MM_SAMPLE_ZEROS { #expect(y == [0, 0, 0]) }
        #expect(y.allSatisfy { abs($0) <= 1.001 })
      }
    }
  }
}
