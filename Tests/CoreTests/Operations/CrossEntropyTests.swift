import Core
import Foundation
import TestSupport
import Testing

@Suite struct CrossEntropyTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var shape: [Int]
    var smoothing: Float = 0
    var weighted = false
    var channelsLast = false
    var testDescription: String {
      "\(shape) \(smoothing)\(weighted ? " weighted" : "")\(channelsLast ? " NHWC" : "")"
    }
  }
  static let cases = [
    Case(shape: [3, 1]), Case(shape: [5, 37]), Case(shape: [70, 19], smoothing: 0.1, weighted: true),
    Case(shape: [1, 1000], smoothing: 0.05), Case(shape: [2, 5, 3, 4], weighted: true),
    Case(shape: [2, 21, 3, 4], smoothing: 0.1, channelsLast: true),
    Case(shape: [2, 3, 30, 40], smoothing: 0.2),
    Case(shape: [1, 4, 600], weighted: true),
  ]

  /// Losses of all positions and the gradient of their sum weighted by `seed`, in plain loops.
  private func reference(
    _ x: Reference, _ labels: [Int64], _ weight: [Double], _ smoothing: Double, seed: [Double]
  ) -> (losses: [Double], gradient: [Double]) {
    let (n, c) = (x.shape[0], x.shape[1])
    let inner = x.shape.dropFirst(2).reduce(1, *)
    var losses = [Double](repeating: 0, count: n * inner)
    var gradient = [Double](repeating: 0, count: x.values.count)
    for i in 0..<n {
      for j in 0..<inner {
        let position = i * inner + j
        let label = Int(labels[position])
        if label == -1 { continue }
        let logits = (0..<c).map { x.values[(i * c + $0) * inner + j] }
        let probabilities = softmax(logits)
        var share = [Double](repeating: 0, count: c)
        for k in 0..<c { share[k] = smoothing / Double(c) * weight[k] }
        share[label] += (1 - smoothing) * weight[label]
        let total = share.reduce(0, +)
        for k in 0..<c {
          losses[position] -= share[k] * log(probabilities[k])
          gradient[(i * c + k) * inner + j] = seed[position] * (total * probabilities[k] - share[k])
        }
      }
    }
    return (losses, gradient)
  }

  @Test(arguments: cases) func `losses and gradients`(_ c: Case) {
    let x = Reference.random(c.shape, seed: 8, in: -6...6)
    let positions = c.shape[0] * c.shape.dropFirst(2).reduce(1, *)
    var generator = RandomGenerator(seed: 4)
    let labels = (0..<positions).map { Int64($0 % 7 == 3 ? -1 : generator.integer(0..<c.shape[1])) }
    let weight =
      c.weighted
      ? Reference.random([c.shape[1]], seed: 6, in: 0.25...2).values
      : [Double](repeating: 1, count: c.shape[1])
    let labelShape = [c.shape[0]] + c.shape.dropFirst(2)
    let seed = Reference.random(labelShape, seed: 9)
    let expected = reference(x, labels, weight, Double(c.smoothing), seed: seed.values)

    let leaf = x.tensor(channelsLast: c.channelsLast).requiringGradient()
    let targets = Tensor(labels, shape: labelShape)
    let classWeight = c.weighted ? Tensor(weight.map { Float($0) }) : nil
    func loss(_ reduction: LossReduction) -> Tensor {
      leaf.crossEntropy(
        targets, weight: classWeight, ignoreIndex: -1, labelSmoothing: c.smoothing, reduction: reduction)
    }
    let losses = loss(.none)
    expectClose(losses, expected.losses, shape: labelShape, relative: 1e-5, absolute: 4e-6)
    losses.backward(seed.tensor())
    expectClose(leaf.gradient ?? leaf, expected.gradient, relative: 1e-5, absolute: 2e-6)
    let total = expected.losses.reduce(0, +)
    expectClose(loss(.sum), [total], relative: 1e-5)
    let divisor = labels.reduce(0) { $1 == -1 ? $0 : $0 + weight[Int($1)] }
    expectClose(loss(.mean), [total / divisor], relative: 1e-5)
  }

  @Test func `a mean over nothing is not a number, as in PyTorch`() {
    let x = Tensor.zeros([2, 3])
    #expect(x.crossEntropy(Tensor([-100, -100] as [Int64])).item.isNaN)
    #expect(x.crossEntropy(Tensor([-100, -100] as [Int64]), reduction: .sum).item == 0)
  }

  @Test func `infinite logits of other classes do no harm`() {
    let x = Tensor([1, -.infinity, 2] as [Float], shape: [1, 3]).requiringGradient()
    let loss = x.crossEntropy(Tensor([0] as [Int64]))
    expectClose(loss, [log(1 + exp(1))])
    loss.backward()
    #expect(x.gradient?.floats[1] == 0)
  }

  @Test func `labels that are no class trap`() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor.zeros([1, 3]).crossEntropy(Tensor([3] as [Int64]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor.zeros([1, 3]).crossEntropy(Tensor([-1] as [Int64]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor.zeros([2, 3]).crossEntropy(Tensor([0] as [Int64]))
    }
  }
}
