import CKernels
import Foundation
import Testing
import TestSupport

/// Optimizer steps against the same formulas in `Double`, over several steps.
@Suite struct OptimKernelTests {
  static let count = 1003
  static let steps = 4

  /// Parameters and the gradient of each step.
  static func operands() -> (parameters: [Float], gradients: [[Float]]) {
    var values = KernelValues(seed: 7)
    return (values.floats(count), (0..<steps).map { _ in values.floats(count) })
  }

  struct SGDCase: Sendable {
    var momentum = 0.0, dampening = 0.0, decay = 0.0
    var nesterov = false
  }
  @Test(arguments: [
    SGDCase(), SGDCase(decay: 0.1), SGDCase(momentum: 0.9, decay: 0.01),
    SGDCase(momentum: 0.9, dampening: 0.3),
    SGDCase(momentum: 0.8, decay: 0.1, nesterov: true),
  ])
  func `SGD`(_ given: SGDCase) {
    var (p, gradients) = Self.operands()
    var q = p.map(Double.init)
    var buffer = [Float](repeating: 0, count: p.count), exact = [Double](repeating: 0, count: p.count)
    for (step, gradient) in gradients.enumerated() {
      var rule = mm_sgd(
        lr: 0.05, momentum: given.momentum, dampening: given.dampening, weight_decay: given.decay,
        nesterov: given.nesterov ? 1 : 0, first: step == 0 ? 1 : 0)
      mm_sgd_step(&rule, p.count, gradient, &buffer, &p)
      for i in q.indices {
        var g = Double(gradient[i]) + given.decay * q[i]
        if given.momentum != 0 {
          exact[i] = step == 0 ? g : given.momentum * exact[i] + (1 - given.dampening) * g
          g = given.nesterov ? g + given.momentum * exact[i] : exact[i]
        }
        q[i] -= 0.05 * g
      }
    }
    expectClose(p, q, "parameter")
    if given.momentum != 0 { expectClose(buffer, exact, "momentum") }
  }

  @Test func `SGD without momentum needs no buffer`() {
    var rule = mm_sgd(lr: 0.5, momentum: 0, dampening: 0, weight_decay: 0, nesterov: 0, first: 1)
    var p: [Float] = [1, 2]
    mm_sgd_step(&rule, 2, [2, -2], nil, &p)
    #expect(p == [0, 3])
  }

  @Test(arguments: [false, true], [false, true]) func `Adam and AdamW`(decoupled: Bool, amsgrad: Bool) {
    let (rate, beta1, beta2, eps, decay) = (0.01, 0.9, 0.98, 1e-6, 0.1)
    var (p, gradients) = Self.operands()
    gradients[2] = gradients[2].map { $0 * 0.01 }  // lets the square shrink below its maximum
    var q = p.map(Double.init)
    var mean = [Float](repeating: 0, count: p.count), square = mean, most = mean
    var m = [Double](repeating: 0, count: p.count), v = m, top = m
    for (step, gradient) in gradients.enumerated() {
      var rule = mm_adam(
        lr: rate, beta1: beta1, beta2: beta2, eps: eps, weight_decay: decay, step: step + 1,
        decoupled: decoupled ? 1 : 0)
      if amsgrad {
        mm_adam_step(&rule, p.count, gradient, &mean, &square, &most, &p)
      } else {
        mm_adam_step(&rule, p.count, gradient, &mean, &square, nil, &p)
      }
      let (c1, c2) = (1 - pow(beta1, Double(step + 1)), 1 - pow(beta2, Double(step + 1)))
      for i in q.indices {
        var g = Double(gradient[i])
        if decoupled { q[i] *= 1 - rate * decay } else { g += decay * q[i] }
        m[i] = beta1 * m[i] + (1 - beta1) * g
        v[i] = beta2 * v[i] + (1 - beta2) * g * g
        top[i] = max(top[i], v[i])
        q[i] -= rate / c1 * m[i] / (((amsgrad ? top[i] : v[i]) / c2).squareRoot() + eps)
      }
    }
    expectClose(p, q, "parameter")
    expectClose(mean, m, "mean")
    expectClose(square, v, absolute: 1e-8, "square")
    if amsgrad { expectClose(most, top, absolute: 1e-8, "maximum") }
  }

  @Test(arguments: [0, 0.9], [false, true]) func `RMSprop`(momentum: Double, centered: Bool) {
    let (rate, alpha, eps, decay) = (0.001, 0.9, 1e-3, 0.1)
    var (p, gradients) = Self.operands()
    var q = p.map(Double.init)
    var square = [Float](repeating: 0, count: p.count), buffer = square, mean = square
    var v = [Double](repeating: 0, count: p.count), b = v, m = v
    for gradient in gradients {
      var rule = mm_rmsprop(lr: rate, alpha: alpha, eps: eps, weight_decay: decay, momentum: momentum)
      switch (momentum > 0, centered) {
      case (true, true): mm_rmsprop_step(&rule, p.count, gradient, &square, &buffer, &mean, &p)
      case (true, false): mm_rmsprop_step(&rule, p.count, gradient, &square, &buffer, nil, &p)
      case (false, true): mm_rmsprop_step(&rule, p.count, gradient, &square, nil, &mean, &p)
      case (false, false): mm_rmsprop_step(&rule, p.count, gradient, &square, nil, nil, &p)
      }
      for i in q.indices {
        let g = Double(gradient[i]) + decay * q[i]
        v[i] = alpha * v[i] + (1 - alpha) * g * g
        m[i] = alpha * m[i] + (1 - alpha) * g
        let step = g / ((centered ? v[i] - m[i] * m[i] : v[i]).squareRoot() + eps)
        b[i] = momentum * b[i] + step
        q[i] -= rate * (momentum > 0 ? b[i] : step)
      }
    }
    expectClose(p, q, relative: 2e-5, "parameter")
  }

  @Test(arguments: [0, 1, 31, 33, 100_001]) func `norms are sums in double precision`(n: Int) {
    var values = KernelValues(seed: 8)
    let x = values.floats(n)
    let squares = x.reduce(0.0) { $0 + Double($1) * Double($1) }, sum = x.reduce(0.0) { $0 + Double(abs($1)) }
    #expect(abs(mm_sum_of_squares(n, x) - squares) <= 1e-11 * squares)
    #expect(abs(mm_sum_of_abs(n, x) - sum) <= 1e-11 * sum)
    #expect(mm_max_abs(n, x) == x.reduce(0) { max($0, abs($1)) })
  }

  @Test func `the largest magnitude shows infinity and NaN`() {
    var x = [Float](repeating: 1, count: 70_000)
    x[50_000] = -.infinity
    #expect(mm_max_abs(x.count, x) == .infinity)
    x[123] = .nan
    #expect(mm_max_abs(x.count, x).isNaN)
    #expect(mm_sum_of_squares(x.count, x).isNaN)
  }

  @Test func `scaling and moving averages`() {
    var values = KernelValues(seed: 9)
    let x = values.floats(500), start = values.floats(500)
    var scaled = x, average = start
    mm_scale(x.count, 0.3, &scaled)
    #expect(scaled == x.map { $0 * 0.3 })
    mm_ema_update(x.count, 0.75, x, &average)
    expectClose(average, zip(start, x).map { 0.75 * Double($0) + 0.25 * Double($1) })
  }
}
