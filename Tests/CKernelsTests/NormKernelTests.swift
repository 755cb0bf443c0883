import CKernels
import Testing

@Suite struct NormKernelTests {
  /// Normalises each set of positions with its mean and biased variance, then scales by position.
  static func normalized(
    _ x: [Double], sets: [[Int]], eps: Double, gamma: (Int) -> Double, beta: (Int) -> Double
  )
    -> [Double]
  {
    var y = x
    for set in sets {
      let mean = set.reduce(0) { $0 + x[$1] } / Double(set.count)
      let variance = set.reduce(0) { $0 + (x[$1] - mean) * (x[$1] - mean) } / Double(set.count)
      for p in set { y[p] = (x[p] - mean) / (variance + eps).squareRoot() * gamma(p) + beta(p) }
    }
    return y
  }

  @Test func `batch statistics survive a large mean`() {
    let rows = 3000, c = 5
    let x = KernelTest.values(rows * c, in: 999...1001)
    var mean = [Float](repeating: 0, count: c), variance = mean
    mm_bn_stats(rows, c, x, &mean, &variance)
    for k in 0..<c {
      let column = (0..<rows).map { Double(x[$0 * c + k]) }
      let m = column.reduce(0, +) / Double(rows)
      let v = column.reduce(0) { $0 + ($1 - m) * ($1 - m) } / Double(rows)
      #expect(abs(Double(mean[k]) - m) < 1e-4)
      #expect(abs(Double(variance[k]) - v) < 1e-5 * v)
    }
  }

  @Test func `running statistics take the unbiased variance`() {
    var mean: [Float] = [1], variance: [Float] = [1]
    mm_bn_update_running(5, 1, 0.1, [3], [4], &mean, &variance)
    #expect(abs(mean[0] - 1.2) < 1e-6)
    #expect(abs(variance[0] - (0.9 + 0.1 * 5)) < 1e-6)
  }

  @Test(arguments: [0, 1, 2], [false, true])
  func `batch norm, residual, activation and their gradients`(_ kind: Int, _ adds: Bool) {
    let rows = 13, c = 6, eps = 1e-5
    let activation = [MM_NORM_LINEAR, MM_NORM_RELU, MM_NORM_RELU6][kind]
    let x = KernelTest.values(rows * c, in: -9...9), dy = KernelTest.values(rows * c, seed: 2)
    let gamma = KernelTest.values(c, seed: 3, in: 1...4), beta = KernelTest.values(c, seed: 4)
    let residual = KernelTest.values(rows * c, seed: 5)
    let sets = (0..<c).map { k in (0..<rows).map { $0 * c + k } }
    let model = { (x: [Double], gamma: [Double], beta: [Double], residual: [Double]) -> [Double] in
      let y = Self.normalized(x, sets: sets, eps: eps, gamma: { gamma[$0 % c] }, beta: { beta[$0 % c] })
      return zip(y, residual).map { v, r in
        let v = adds ? v + r : v
        return kind == 0 ? v : kind == 1 ? max(v, 0) : min(max(v, 0), 6)
      }
    }
    var mean = [Float](repeating: 0, count: c), variance = mean, scale = mean, shift = mean, rstd = mean
    var y = x
    mm_bn_stats(rows, c, x, &mean, &variance)
    mm_bn_coefficients(c, mean, variance, Float(eps), gamma, beta, &scale, &shift, &rstd)
    mm_bn_apply(rows, c, x, scale, shift, adds ? residual : nil, activation, &y)
    let wide = { (v: [Float]) in v.map(Double.init) }
    #expect(KernelTest.error(y, model(wide(x), wide(gamma), wide(beta), wide(residual))) < 1e-5)

    var dgamma = mean, dbeta = mean, dx = x, dresidual = x
    if adds {
      mm_bn_backward(rows, c, x, dy, y, activation, mean, rstd, gamma, &dgamma, &dbeta, &dresidual, &dx)
    } else {
      mm_bn_backward(
        rows, c, x, dy, kind == 0 ? nil : y, activation, mean, rstd, gamma, &dgamma, &dbeta, nil, &dx)
    }
    let slopes = [
      (dx, KernelTest.gradient(x, dy) { model($0, wide(gamma), wide(beta), wide(residual)) }),
      (dgamma, KernelTest.gradient(gamma, dy) { model(wide(x), $0, wide(beta), wide(residual)) }),
      (dbeta, KernelTest.gradient(beta, dy) { model(wide(x), wide(gamma), $0, wide(residual)) }),
    ]
    for (found, expected) in slopes { #expect(KernelTest.error(found, expected) < 2e-5) }
    if adds {
      let slope = KernelTest.gradient(residual, dy) { model(wide(x), wide(gamma), wide(beta), $0) }
      #expect(KernelTest.error(dresidual, slope) < 2e-5)
    }
    mm_bn_eval_backward(
      rows, c, x, dy, kind == 0 ? nil : y, activation, mean, rstd, gamma, &dgamma, nil, nil, &dx)
    let passed = { (v: Float) in kind == 0 || (v > 0 && (kind == 1 || v < 6)) }
    let expected = x.indices.map { passed(y[$0]) ? Double(dy[$0] * gamma[$0 % c] * rstd[$0 % c]) : 0 }
    #expect(KernelTest.error(dx, expected) < 1e-5)
  }

  @Test func `batch norm does not depend on threads`() {
    let rows = 5000, c = 64
    let x = KernelTest.values(rows * c), dy = KernelTest.values(rows * c, seed: 2)
    #expect(
      KernelTest.isSameForAnyThreads {
        var mean = [Float](repeating: 0, count: c), variance = mean, dgamma = mean, dbeta = mean, dx = x
        mm_bn_stats(rows, c, x, &mean, &variance)
        mm_bn_backward(rows, c, x, dy, nil, MM_NORM_LINEAR, mean, variance, nil, &dgamma, &dbeta, nil, &dx)
        return mean + variance + dgamma + dbeta + dx
      })
  }

  @Test(arguments: [1, 2, 6]) func `group norm and its gradients`(_ groups: Int) {
    let n = 2, p = 9, c = 6, width = c / groups, eps = 1e-5
    let x = KernelTest.values(n * p * c, in: -1...4), dy = KernelTest.values(x.count, seed: 2)
    let gamma = KernelTest.values(c, seed: 3, in: 1...2), beta = KernelTest.values(c, seed: 4)
    let sets = (0..<n * groups).map { g in
      x.indices.filter { $0 / (p * c) == g / groups && $0 % c / width == g % groups }
    }
    let model = { (x: [Double], gamma: [Double], beta: [Double]) in
      Self.normalized(x, sets: sets, eps: eps, gamma: { gamma[$0 % c] }, beta: { beta[$0 % c] })
    }
    var mean = [Float](repeating: 0, count: n * groups), rstd = mean, y = x, dx = x
    var dgamma = gamma, dbeta = beta
    mm_group_norm_forward(n, p, c, groups, x, gamma, beta, Float(eps), &mean, &rstd, nil, &y)
    mm_group_norm_backward(n, p, c, groups, x, dy, mean, rstd, gamma, &dgamma, &dbeta, &dx)
    let wide = { (v: [Float]) in v.map(Double.init) }
    #expect(KernelTest.error(y, model(wide(x), wide(gamma), wide(beta))) < 1e-5)
    #expect(KernelTest.error(dx, KernelTest.gradient(x, dy) { model($0, wide(gamma), wide(beta)) }) < 3e-5)
    #expect(
      KernelTest.error(dgamma, KernelTest.gradient(gamma, dy) { model(wide(x), $0, wide(beta)) }) < 3e-5)
    #expect(KernelTest.error(dbeta, KernelTest.gradient(beta, dy) { model(wide(x), wide(gamma), $0) }) < 3e-5)
  }

  @Test(arguments: [7, 16, 50]) func `layer norm and its gradients`(_ c: Int) {
    let rows = 5, eps = 1e-6
    let x = KernelTest.values(rows * c, in: -1...4), dy = KernelTest.values(x.count, seed: 2)
    let gamma = KernelTest.values(c, seed: 3, in: 1...2), beta = KernelTest.values(c, seed: 4)
    let sets = (0..<rows).map { Array($0 * c..<($0 + 1) * c) }
    let model = { (x: [Double], gamma: [Double], beta: [Double]) in
      Self.normalized(x, sets: sets, eps: eps, gamma: { gamma[$0 % c] }, beta: { beta[$0 % c] })
    }
    var mean = [Float](repeating: 0, count: rows), rstd = mean, y = x, dx = x, dgamma = gamma, dbeta = beta
    mm_layer_norm_forward(rows, c, x, gamma, beta, Float(eps), &mean, &rstd, &y)
    mm_layer_norm_backward(rows, c, x, dy, mean, rstd, gamma, &dgamma, &dbeta, &dx)
    let wide = { (v: [Float]) in v.map(Double.init) }
    #expect(KernelTest.error(y, model(wide(x), wide(gamma), wide(beta))) < 1e-5)
    #expect(KernelTest.error(dx, KernelTest.gradient(x, dy) { model($0, wide(gamma), wide(beta)) }) < 3e-5)
    #expect(
      KernelTest.error(dgamma, KernelTest.gradient(gamma, dy) { model(wide(x), $0, wide(beta)) }) < 3e-5)
    #expect(KernelTest.error(dbeta, KernelTest.gradient(beta, dy) { model(wide(x), wide(gamma), $0) }) < 3e-5)
    mm_layer_norm_forward(rows, c, x, nil, nil, Float(eps), &mean, &rstd, &y)
    let ones = [Double](repeating: 1, count: c), zeros = [Double](repeating: 0, count: c)
    #expect(KernelTest.error(y, model(wide(x), ones, zeros)) < 1e-5)
  }

  @Test func `L2 normalisation and its gradient`() {
    let rows = 3, c = 21
    let x = KernelTest.values(rows * c), dy = KernelTest.values(x.count, seed: 2)
    var norm = [Float](repeating: 0, count: rows), y = x, dx = x
    mm_l2_normalize_forward(rows, c, x, 1e-12, &norm, &y)
    mm_l2_normalize_backward(rows, c, y, dy, norm, 1e-12, &dx)
    let model = { (x: [Double]) in
      x.indices.map { i in
        x[i] / (i / c * c..<i / c * c + c).reduce(0) { $0 + x[$1] * x[$1] }.squareRoot()
      }
    }
    #expect(KernelTest.error(y, model(x.map(Double.init))) < 1e-6)
    #expect(KernelTest.error(dx, KernelTest.gradient(x, dy, model)) < 1e-5)
  }
}
