import CKernels
import Testing

@Suite struct LayoutKernelTests {
  @Test(arguments: [(1, 3, 50), (2, 64, 128), (3, 100, 77), (1, 1000, 3), (1, 3, 5000), (4, 9, 8)])
  func `transposes of every element size`(_ batch: Int, _ rows: Int, _ cols: Int) {
    func check<T: FixedWidthInteger>(_ type: T.Type) {
      let x = (0..<batch * rows * cols).map { T(truncatingIfNeeded: $0 &* 2_654_435_761) }
      var y = [T](repeating: 0, count: x.count)
      mm_transpose(Int32(MemoryLayout<T>.size), batch, rows, cols, x, &y)
      let isRight = x.indices.allSatisfy {
        let (b, r, c) = ($0 / (rows * cols), $0 / cols % rows, $0 % cols)
        return y[(b * cols + c) * rows + r] == x[$0]
      }
      #expect(isRight, "\(T.self)")
    }
    check(UInt8.self)
    check(UInt16.self)
    check(UInt32.self)
    check(UInt64.self)
  }

  @Test(arguments: [[0, 1, 2, 3], [0, 3, 1, 2], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]])
  func `a permuted copy into a larger array leaves the rest alone`(_ order: [Int]) {
    let stored = [3, 20, 5, 17], x = KernelTest.values(stored.reduce(1, *), in: 1...2)
    var strides = [1, 1, 1, 1]
    for d in (0..<3).reversed() { strides[d] = strides[d + 1] * stored[d + 1] }
    let shape = order.map { stored[$0] }, from = order.map { strides[$0] }
    let room = shape.map { $0 + 2 }
    var to = [1, 1, 1, 1]
    for d in (0..<3).reversed() { to[d] = to[d + 1] * room[d + 1] }
    var y = [Float](repeating: 0, count: room.reduce(1, *)), expected = y
    let start = to.reduce(0, +)
    y.withUnsafeMutableBufferPointer {
      mm_strided_copy(4, 4, shape, from, x, to, $0.baseAddress! + start)
    }
    for a in 0..<shape[0] {
      for b in 0..<shape[1] {
        for c in 0..<shape[2] {
          for d in 0..<shape[3] {
            expected[start + a * to[0] + b * to[1] + c * to[2] + d * to[3]] =
              x[a * from[0] + b * from[1] + c * from[2] + d * from[3]]
          }
        }
      }
    }
    #expect(y == expected)
  }

  static let padding: [(mm_pad_mode, @Sendable (Int, Int) -> Int?)] = [
    (MM_PAD_CONSTANT, { $0 >= 0 && $0 < $1 ? $0 : nil }),
    (MM_PAD_REFLECT, { $0 < 0 ? -$0 : $0 >= $1 ? 2 * ($1 - 1) - $0 : $0 }),
    (MM_PAD_REPLICATE, { min(max($0, 0), $1 - 1) }),
    (MM_PAD_CIRCULAR, { ($0 + $1) % $1 }),
  ]

  @Test(arguments: 0..<4) func `padding and its gradient`(_ k: Int) {
    let (mode, source) = Self.padding[k]
    let (n, h, w, c) = (2, 4, 5, 3), (top, bottom, left, right) = (2, 3, 4, 1)
    let (oh, ow) = (top + h + bottom, left + w + right)
    let x = KernelTest.values(n * h * w * c), dy = KernelTest.values(n * oh * ow * c, seed: 2)
    var y = dy, dx = x
    mm_pad_forward(mode, n, h, w, c, top, bottom, left, right, 9, x, &y)
    mm_pad_backward(mode, n, h, w, c, top, bottom, left, right, dy, &dx)
    var expected = [Double](repeating: 9, count: y.count), slope = [Double](repeating: 0, count: x.count)
    for i in y.indices {
      let (b, oy, ox, ch) = (i / (oh * ow * c), i / (ow * c) % oh, i / c % ow, i % c)
      guard let sy = source(oy - top, h), let sx = source(ox - left, w) else { continue }
      let from = ((b * h + sy) * w + sx) * c + ch
      expected[i] = Double(x[from])
      slope[from] += Double(dy[i])
    }
    #expect(KernelTest.error(y, expected) == 0)
    #expect(KernelTest.error(dx, slope) < 1e-6)
  }

  @Test func `negative padding crops`() {
    var y = [Float](repeating: 0, count: 2)
    mm_pad_forward(MM_PAD_CONSTANT, 1, 3, 3, 1, -1, -1, -1, 0, 0, (0..<9).map(Float.init), &y)
    #expect(y == [4, 5])
  }

  @Test func `pixel shuffle and back`() {
    let (n, h, w, c, r) = (2, 3, 4, 2, 3)
    let x = KernelTest.values(n * h * w * c * r * r)
    var y = x, back = x
    mm_pixel_shuffle(n, h, w, c, r, x, &y)
    mm_pixel_unshuffle(n, h, w, c, r, y, &back)
    #expect(back == x)
    let isRight = x.indices.allSatisfy {
      let channel = $0 % (c * r * r), pixel = $0 / (c * r * r)
      let (b, py, px) = (pixel / (h * w), pixel / w % h, pixel % w)
      let (k, i, j) = (channel / (r * r), channel / r % r, channel % r)
      return y[((b * h * r + py * r + i) * w * r + px * r + j) * c + k] == x[$0]
    }
    #expect(isRight)
  }

  @Test func `unfold takes sliding blocks and fold adds them up`() {
    var p = mm_unfold2d(n: 1, h: 5, w: 4, c: 2, kh: 3, kw: 2, sh: 2, sw: 1, ph: 1, pw: 1, dh: 1, dw: 2)
    let oh = mm_unfold_extent(5, 3, 2, 1, 1), ow = mm_unfold_extent(4, 2, 1, 1, 2)
    #expect(oh == 3 && ow == 4)
    #expect(mm_unfold_extent(2, 5, 1, 0, 1) == 0)
    let x = KernelTest.values(40)
    var y = [Float](repeating: 0, count: 2 * 6 * oh * ow), expected = y,
      sums = [Double](repeating: 0, count: 40), i = 0
    for ch in 0..<2 {
      for ky in 0..<3 {
        for kx in 0..<2 {
          for oy in 0..<oh {
            for ox in 0..<ow {
              let (iy, ix) = (oy * 2 - 1 + ky, ox - 1 + kx * 2)
              if (0..<5).contains(iy), (0..<4).contains(ix) {
                expected[i] = x[(iy * 4 + ix) * 2 + ch]
                sums[(iy * 4 + ix) * 2 + ch] += Double(expected[i])
              }
              i += 1
            }
          }
        }
      }
    }
    mm_unfold(&p, x, &y)
    #expect(y == expected)
    var folded = x
    mm_fold(&p, y, &folded)
    #expect(KernelTest.error(folded, sums) < 1e-6)
  }

  @Test func `every half goes to float and back`() {
    let halves = (0..<65536).map { UInt16($0) }
    var floats = [Float](repeating: 0, count: 65536), back = halves
    mm_convert(65536, MM_DTYPE_F16, halves, MM_DTYPE_F32, &floats)
    mm_convert(65536, MM_DTYPE_F32, floats, MM_DTYPE_F16, &back)
    let isRight = halves.indices.allSatisfy { i in
      let isNaN = halves[i] & 0x7c00 == 0x7c00 && halves[i] & 0x3ff != 0
      return isNaN
        ? floats[i].isNaN && back[i] & 0x7c00 == 0x7c00 && back[i] & 0x3ff != 0 : back[i] == halves[i]
    }
    #expect(isRight)
    #expect(
      floats[0x3c00] == 1 && floats[0x7bff] == 65504 && floats[1] == 0x1p-24 && floats[0x7c00] == .infinity)
  }

  @Test func `rounding to half and bfloat is to nearest even`() {
    var y = [UInt16](repeating: 0, count: 6)
    mm_convert(
      6, MM_DTYPE_F32, [65519, 65520, 1 + 0x1p-11, 1 + 0x3p-11, 0x1p-25, 0x1.8p-25] as [Float], MM_DTYPE_F16,
      &y)
    #expect(y == [0x7bff, 0x7c00, 0x3c00, 0x3c02, 0, 1])
    mm_convert(3, MM_DTYPE_F32, [1 + 0x1p-8, 1 + 0x3p-8, .infinity] as [Float], MM_DTYPE_BF16, &y)
    #expect(Array(y[..<3]) == [0x3f80, 0x3f82, 0x7f80])
    // Rounding once: through f32 this double would become a tie.
    mm_convert(1, MM_DTYPE_F64, [1 + 0x1p-11 + 0x1p-40], MM_DTYPE_F16, &y)
    #expect(y[0] == 0x3c01)
  }

  @Test func `floats to integers saturate`() {
    let x: [Float] = [1.9, -1.9, 300, -5, .nan, .infinity]
    var bytes = [UInt8](repeating: 9, count: 6), wide = [Int32](repeating: 9, count: 6),
      long = [Int64](repeating: 9, count: 6)
    mm_convert(6, MM_DTYPE_F32, x, MM_DTYPE_U8, &bytes)
    mm_convert(6, MM_DTYPE_F32, x, MM_DTYPE_I32, &wide)
    mm_convert(6, MM_DTYPE_F32, x, MM_DTYPE_I64, &long)
    #expect(bytes == [1, 0, 255, 0, 0, 255])
    #expect(wide == [1, -1, 300, -5, 0, .max])
    #expect(long == [1, -1, 300, -5, 0, .max])
    mm_convert(
      6, MM_DTYPE_F32, [0, -0, 2, .nan, .leastNonzeroMagnitude, -1] as [Float], MM_DTYPE_BOOL, &bytes)
    #expect(bytes == [0, 0, 1, 1, 1, 1])
  }

  @Test(arguments: [false, true]) func `images become normalised floats`(_ swaps: Bool) {
    let (h, w, stride) = (3, 21, 70)
    let pixels = (0..<h * stride).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let mean: [Float] = [123.675, 116.28, 103.53], scale: [Float] = [0.017, 0.0175, 0.0174]
    var y = [Float](repeating: 0, count: h * w * 3)
    mm_normalize_image(h, w, 3, stride, pixels, mean, scale, swaps ? 1 : 0, &y)
    let expected = y.indices.map { i -> Float in
      let (row, col, k) = (i / (w * 3), i / 3 % w, i % 3)
      return (Float(pixels[row * stride + col * 3 + (swaps ? 2 - k : k)]) - mean[k]) * scale[k]
    }
    #expect(y == expected)
  }
}
