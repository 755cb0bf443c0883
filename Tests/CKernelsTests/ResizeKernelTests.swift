import CKernels
import Foundation
import Testing

@Suite struct ResizeKernelTests {
  /// One axis as the definition gives it, in `Double`: pairs of source and weight for position `o`.
  static func taps(_ mode: mm_resize_mode, _ align: Bool, _ size: Int, _ out: Int, _ o: Int) -> [(Int, Double)] {
    let ratio = Double(size) / Double(out)
    let inside = { (i: Int) in min(max(i, 0), size - 1) }
    if mode == MM_RESIZE_NEAREST { return [(inside(Int((Double(o) * ratio).rounded(.down))), 1)] }
    if mode == MM_RESIZE_NEAREST_EXACT { return [(inside(Int(((Double(o) + 0.5) * ratio).rounded(.down))), 1)] }
    let at = align
      ? (out > 1 ? Double(o) * Double(size - 1) / Double(out - 1) : 0) : (Double(o) + 0.5) * ratio - 0.5
    if mode == MM_RESIZE_BILINEAR {
      let at = max(at, 0), base = Int(at)
      return [(inside(base), 1 - (at - Double(base))), (inside(base + 1), at - Double(base))]
    }
    let base = Int(at.rounded(.down)), a = -0.75
    return (-1...2).map { k in
      let d = abs(at - Double(base + k))
      let weight =
        d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
      return (inside(base + k), weight)
    }
  }

  @Test(arguments: [MM_RESIZE_NEAREST, MM_RESIZE_NEAREST_EXACT, MM_RESIZE_BILINEAR, MM_RESIZE_BICUBIC].map(\.rawValue))
  func `forward follows the definition and backward is its transpose`(_ raw: UInt32) {
    let mode = mm_resize_mode(raw), isSmooth = raw >= MM_RESIZE_BILINEAR.rawValue
    for (h, w, oh, ow) in [(5, 4, 11, 9), (8, 6, 3, 4), (4, 4, 8, 8), (1, 3, 5, 3), (7, 7, 1, 1)] {
      for align in isSmooth ? [false, true] : [false] {
        let (n, c) = (2, 5)
        var r = mm_resize(
          n: n, h: h, w: w, c: c, oh: oh, ow: ow, scale_h: 0, scale_w: 0, align_corners: align ? 1 : 0, mode: mode)
        let x = KernelTest.values(n * h * w * c), dy = KernelTest.values(n * oh * ow * c, seed: 2)
        var y = dy, dx = x
        mm_resize_forward(&r, x, &y)
        mm_resize_backward(&r, dy, &dx)
        var expected = [Double](repeating: 0, count: y.count), slope = [Double](repeating: 0, count: x.count)
        for i in y.indices {
          let (b, oy, ox, k) = (i / (oh * ow * c), i / (ow * c) % oh, i / c % ow, i % c)
          for (iy, wy) in Self.taps(mode, align, h, oh, oy) {
            for (ix, wx) in Self.taps(mode, align, w, ow, ox) {
              let from = ((b * h + iy) * w + ix) * c + k
              expected[i] += wy * wx * Double(x[from])
              slope[from] += wy * wx * Double(dy[i])
            }
          }
        }
        #expect(KernelTest.error(y, expected) < 5e-6, "\(h)x\(w) to \(oh)x\(ow), align \(align)")
        #expect(KernelTest.error(dx, slope) < 5e-6, "\(h)x\(w) to \(oh)x\(ow), align \(align)")
      }
    }
  }

  @Test func `a given scale factor sets the positions`() {
    // 3 pixels by 1.5 make 4; the step is 1 / 1.5, not 3 / 4.
    var r = mm_resize(
      n: 1, h: 1, w: 3, c: 1, oh: 1, ow: 4, scale_h: 1, scale_w: 1.5, align_corners: 0, mode: MM_RESIZE_BILINEAR)
    var y = [Float](repeating: 0, count: 4)
    mm_resize_forward(&r, [0, 3, 6], &y)
    #expect(zip(y, [0, 1.5, 3.5, 5.5]).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func `results do not depend on threads`() {
    let x = KernelTest.values(2 * 40 * 40 * 32), dy = KernelTest.values(2 * 90 * 90 * 32, seed: 2)
    #expect(KernelTest.isSameForAnyThreads {
      var r = mm_resize(
        n: 2, h: 40, w: 40, c: 32, oh: 90, ow: 90, scale_h: 0, scale_w: 0, align_corners: 0, mode: MM_RESIZE_BICUBIC)
      var y = dy, dx = x
      mm_resize_forward(&r, x, &y)
      mm_resize_backward(&r, dy, &dx)
      return y + dx
    })
  }
}
