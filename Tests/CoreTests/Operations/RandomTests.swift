import Foundation
import TestSupport
import Testing

@testable import Core

@Suite struct RandomTests {
  @Test func `equal seeds give equal tensors`() {
    func draw(_ seed: UInt64) -> [[Float]] {
      var generator = RandomGenerator(seed: seed)
      return [
        Tensor.uniform([5], using: &generator).floats, Tensor.normal([5], using: &generator).floats,
        Tensor.truncatedNormal([5], using: &generator).floats,
        Tensor.bernoulli([5], using: &generator).floats,
      ]
    }
    #expect(draw(3) == draw(3))
    #expect(draw(3) != draw(4))
    var generator = RandomGenerator(seed: 1)
    let order = Tensor.randomPermutation(50, using: &generator).elements(as: Int64.self)
    #expect(order.sorted() == (0..<50).map { Int64($0) } && order != order.sorted())
  }

  @Test func `distributions have their moments and bounds`() {
    var generator = RandomGenerator(seed: 7)
    let uniform = Tensor.uniform([20_000], low: -1, high: 3, using: &generator)
    #expect(uniform.amin().item >= -1 && uniform.amax().item < 3)
    expectClose(uniform.mean(), [1], absolute: 0.04)
    expectClose(uniform.variance(), [16.0 / 12], absolute: 0.04)
    let normal = Tensor.normal([20_001], mean: 2, standardDeviation: 0.5, using: &generator)
    expectClose(normal.mean(), [2], absolute: 0.02)
    expectClose(normal.standardDeviation(), [0.5], absolute: 0.02)
    let truncated = Tensor.truncatedNormal(
      [20_000], standardDeviation: 2, low: -1, high: 3, using: &generator)
    #expect(truncated.amin().item >= -1 && truncated.amax().item <= 3)
    // The mean of a normal distribution cut at -0.5 and 1.5 deviations.
    func density(_ x: Double) -> Double { exp(-x * x / 2) / (2 * Double.pi).squareRoot() }
    let share = 0.5 * (erf(1.5 / 2.0.squareRoot()) - erf(-0.5 / 2.0.squareRoot()))
    expectClose(truncated.mean(), [2 * (density(-0.5) - density(1.5)) / share], absolute: 0.03)
    expectClose(
      Tensor.bernoulli([20_000], probability: 0.3, using: &generator).mean(), [0.3], absolute: 0.015)
  }

  @Test func `the quantile inverts the distribution function`() {
    for p in [1e-300, 1e-12, 0.001, 0.02, 0.025, 0.3, 0.5, 0.77, 0.976, 0.999999] {
      let back = 0.5 * erfc(-normalQuantile(p) / 2.0.squareRoot())
      #expect(abs(back - p) <= 1e-12 * p, "\(p)")
    }
    #expect(abs(normalQuantile(0.975) - 1.959963984540054) < 1e-14)
  }

  @Test func `dropout drops its share, scales the rest and passes gradients alike`() {
    let x = Tensor.full([200, 300], 2).requiringGradient()
    let y = x.dropout(0.25, seed: 11)
    let values = y.floats
    let dropped = values.filter { $0 == 0 }.count
    #expect(values.allSatisfy { $0 == 0 || abs($0 - 2 / 0.75) < 1e-6 })
    #expect(abs(Double(dropped) / 60_000 - 0.25) < 0.006)
    y.backward(Tensor.ones([200, 300]))
    #expect(x.gradient.map { zip($0.floats, values).allSatisfy { ($0 == 0) == ($1 == 0) } } == true)
    #expect(y.floats == x.dropout(0.25, seed: 11).floats)
    #expect(y.floats != x.dropout(0.25, seed: 12).floats)
    // Neighbours, and equal places of different blocks, are independent.
    let mask = values.map { $0 == 0 ? 1.0 : 0.0 }
    for lag in [1, 2, 300, 16384] {
      let both = zip(mask, mask.dropFirst(lag)).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(both / Double(mask.count - lag) - 0.0625) < 0.006, "lag \(lag)")
    }
    #expect(x.dropout(1, seed: 1).floats.allSatisfy { $0 == 0 })
    #expect(x.dropout(0, seed: 1).storage === x.storage)
  }

  @Test func `dropout's gradient does not depend on the gradient's layout`() {
    let x = Tensor.ones([2, 3, 4, 5]).channelsLast().requiringGradient()
    let y = x.dropout(0.5, seed: 5)
    let seed = Reference.random([2, 3, 4, 5]).tensor()
    y.backward(seed)
    expectClose(x.gradient ?? x, (y.detached() * seed).floats.map(Double.init))
  }

  @Test func `whole maps and samples are dropped together`() {
    let x = Tensor.ones([40, 30, 2, 2])
    let maps = x.featureDropout(0.4, seed: 2).sum([2, 3]).floats
    #expect(maps.allSatisfy { $0 == 0 || abs($0 - 4 / 0.6) < 1e-5 })
    #expect(abs(Double(maps.filter { $0 == 0 }.count) / 1200 - 0.4) < 0.05)
    let samples = Tensor.ones([500, 3]).dropPath(0.2, seed: 2).floats
    let kept: Float = 1 / (1 - Float(0.2))
    for sample in 0..<500 {
      let values = Array(samples[(3 * sample)..<(3 * sample + 3)])
      #expect(values == [0, 0, 0] || values == [kept, kept, kept])
    }
    #expect(abs(Double(samples.filter { $0 == 0 }.count) / 1500 - 0.2) < 0.06)
    #expect(x.dropPath(1, seed: 1).floats.allSatisfy { $0 == 0 })
  }

  @Test func `layers draw from the current source and only in training`() {
    let layer = Dropout(0.5)
    let x = Tensor.ones([64])
    func run(_ seed: UInt64) -> [[Float]] {
      RandomSource.$current.withValue(RandomSource(seed: seed)) { [layer(x).floats, layer(x).floats] }
    }
    #expect(run(1) == run(1))
    #expect(run(1)[0] != run(1)[1])
    #expect(run(1) != run(2))
    for module in [layer, Dropout2d(0.5), DropPath(0.5)] as [any UnaryModule] {
      module.train(false)
      #expect(module(x.reshaped([8, 8])).floats == x.floats)
    }
  }
}
