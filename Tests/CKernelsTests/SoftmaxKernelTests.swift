import CKernels
import Foundation
import Testing

@Suite struct SoftmaxKernelTests {
  static let shapes = [(3, 49, 1), (20, 7, 1), (2, 2500, 1), (2, 19, 70), (1, 5, 3), (4, 16, 1), (2, 33, 1)]

  static func reference(_ x: [Double], _ outer: Int, _ n: Int, _ inner: Int, log isLog: Bool) -> [Double] {
    var y = x
    for o in 0..<outer {
      for c in 0..<inner {
        let places = (0..<n).map { (o * n + $0) * inner + c }
        let top = places.map { x[$0] }.max()!, sum = places.reduce(0) { $0 + exp(x[$1] - top) }
        for p in places { y[p] = isLog ? x[p] - top - log(sum) : exp(x[p] - top) / sum }
      }
    }
    return y
  }

  @Test(arguments: shapes, [false, true])
  func `forward and backward`(_ shape: (Int, Int, Int), _ isLog: Bool) {
    let (outer, n, inner) = shape
    let x = KernelTest.values(outer * n * inner, in: -8...8), dy = KernelTest.values(x.count, seed: 2)
    var y = x, dx = x
    let forward = isLog ? mm_log_softmax_forward : mm_softmax_forward
    let backward = isLog ? mm_log_softmax_backward : mm_softmax_backward
    forward(outer, n, inner, x, &y)
    let expected = Self.reference(x.map(Double.init), outer, n, inner, log: isLog)
    #expect(KernelTest.error(y, expected) < 1e-6)
    #expect(
      KernelTest.isSameForAnyThreads {
        var y = x
        forward(outer, n, inner, x, &y)
        return y
      })
    backward(outer, n, inner, y, dy, &dx)
    guard x.count <= 300 else { return }
    let slope = KernelTest.gradient(x, dy) { Self.reference($0, outer, n, inner, log: isLog) }
    #expect(KernelTest.error(dx, slope) < 1e-5)
  }

  @Test func `in place`() {
    let x = KernelTest.values(3 * 21)
    var apart = x
    mm_softmax_forward(3, 21, 1, x, &apart)
    var same = x
    same.withUnsafeMutableBufferPointer { mm_softmax_forward(3, 21, 1, $0.baseAddress!, $0.baseAddress!) }
    #expect(same == apart)
  }

  @Test func `infinities and NaN`() {
    var y = [Float](repeating: 0, count: 4)
    mm_softmax_forward(1, 4, 1, [-.infinity, 0, 0, -.infinity], &y)
    #expect(y == [0, 0.5, 0.5, 0])
    mm_softmax_forward(1, 4, 1, [Float](repeating: -.infinity, count: 4), &y)
    #expect(y.allSatisfy { $0.isNaN })
    var long = [Float](repeating: 1, count: 40)
    long[3] = .nan
    var z = long
    mm_softmax_forward(1, 40, 1, long, &z)
    #expect(z.allSatisfy { $0.isNaN })
  }
}
