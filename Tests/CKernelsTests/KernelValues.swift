import CKernels
import Testing

/// Fixed pseudo-random numbers for the kernels' tests.
struct KernelValues {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  /// A number below `bound`.
  mutating func integer(below bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }

  /// `count` numbers in `-scale..<scale`, multiples of `scale / 2^20`.
  mutating func floats(_ count: Int, scale: Float = 2) -> [Float] {
    (0..<count).map { _ in scale * (Float(integer(below: 1 << 21)) / Float(1 << 20) - 1) }
  }

  /// `count` positions below `bound`.
  mutating func indices(_ count: Int, below bound: Int) -> [Int64] {
    (0..<count).map { _ in Int64(integer(below: bound)) }
  }
}

/// An NHWC extent.
struct Extent: Sendable, CustomStringConvertible {
  var n: Int, h: Int, w: Int, c: Int

  init(_ n: Int, _ h: Int, _ w: Int, _ c: Int) { (self.n, self.h, self.w, self.c) = (n, h, w, c) }
  var count: Int { n * h * w * c }
  var description: String { "\(n)x\(h)x\(w)x\(c)" }
  func offset(_ image: Int, _ y: Int, _ x: Int, _ channel: Int) -> Int {
    ((image * h + y) * w + x) * c + channel
  }
}

/// Expects the kernel that `body` runs to give the same bits for 1, 2 and 4 threads.
func expectSameBits(_ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () -> [Float])
{
  let threads = mm_pool_threads()
  defer { mm_pool_set_threads(threads) }
  var first: [UInt32]?
  for count in [1, 2, 4] {
    mm_pool_set_threads(Int32(count))
    let bits = body().map(\.bitPattern)
    if let first {
      let differing = zip(bits, first).count { $0 != $1 }  // the numbers themselves would fill pages
      #expect(differing == 0, "\(what), \(count) threads", sourceLocation: sourceLocation)
    }
    first = first ?? bits
  }
}
