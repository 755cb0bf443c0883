import TestSupport
import Testing

@testable import Core

@Suite struct NormalizationTests {
  private let shape = [2, 4, 3, 5]
  private func channel(_ index: Int) -> Int { index / 15 % 4 }

  private func parameters(_ count: Int) -> [Reference] {
    [.random([count], seed: 11, in: 0.5...1.5), .random([count], seed: 12)]
  }

  @Test(arguments: [false, true])
  func `batch normalisation with batch statistics`(_ channelsLast: Bool) {
    checkGradients("batchNorm", [.random(shape, seed: 1)] + parameters(4), channelsLast: channelsLast) {
      $0[0].batchNorm(.batch(updating: nil, momentum: 0), weight: $0[1], bias: $0[2])
    } reference: {
      SpatialReferences.normalize(
        $0[0], eps: 1e-5, weight: $0[1], bias: $0[2], parameter: channel, key: channel)
    }
  }

  @Test func `batch normalisation, residual and ReLU in one pass`() {
    let inputs = [Reference.random(shape, seed: 1), .random(shape, seed: 2)] + parameters(4)
    checkGradients("batchNorm", inputs, step: 1e-6) {
      $0[0].batchNorm(
        .batch(updating: nil, momentum: 0), weight: $0[2], bias: $0[3], residual: $0[1], activation: .relu)
    } reference: { inputs in
      var y = SpatialReferences.normalize(
        inputs[0], eps: 1e-5, weight: inputs[2], bias: inputs[3], parameter: channel, key: channel)
      for index in y.values.indices { y.values[index] = max(0, y.values[index] + inputs[1].values[index]) }
      return y
    }
  }

  @Test(arguments: [FusedActivation.none, .relu6, .silu])
  func `batch normalisation with fixed statistics and a residual`(_ activation: FusedActivation) {
    let (mean, variance) = (Reference.random([4], seed: 5), Reference.random([4], seed: 6, in: 0.5...2))
    let inputs = [Reference.random(shape, seed: 1, in: -6...6), .random(shape, seed: 2)] + parameters(4)
    checkGradients("batchNorm", inputs, step: 1e-6, relative: 5e-4) {
      $0[0].batchNorm(
        .fixed(mean: mean.tensor(), variance: variance.tensor()), weight: $0[2], bias: $0[3], eps: 1e-3,
        residual: $0[1], activation: activation)
    } reference: { inputs in
      var y = inputs[0]
      for index in y.values.indices {
        let c = channel(index)
        let normalized = (y.values[index] - mean.values[c]) / (variance.values[c] + 1e-3).squareRoot()
        let sum = normalized * inputs[2].values[c] + inputs[3].values[c] + inputs[1].values[index]
        y.values[index] =
          switch activation {
          case .relu6: min(6, max(0, sum))
          case .silu: sum / (1 + Reference.exponential(-sum))
          default: sum
          }
      }
      return y
    }
  }

  @Test(arguments: [1, 2, 4])
  func `group normalisation`(_ groups: Int) {
    checkGradients("groupNorm", [.random(shape, seed: 1)] + parameters(4)) {
      $0[0].groupNorm(groups, weight: $0[1], bias: $0[2])
    } reference: {
      SpatialReferences.normalize(
        $0[0], eps: 1e-5, weight: $0[1], bias: $0[2], parameter: channel,
        key: { $0 / 60 * groups + channel($0) / (4 / groups) })
    }
  }

  @Test func `instance normalisation`() {
    checkGradients("instanceNorm", [.random(shape, seed: 1)] + parameters(4)) {
      $0[0].instanceNorm(weight: $0[1], bias: $0[2])
    } reference: {
      SpatialReferences.normalize(
        $0[0], eps: 1e-5, weight: $0[1], bias: $0[2], parameter: channel, key: { $0 / 15 })
    }
  }

  @Test func `layer normalisation over the last axis and over two`() {
    checkGradients("layerNorm", [.random([2, 3, 6], seed: 1)] + parameters(6)) {
      $0[0].layerNorm([6], weight: $0[1], bias: $0[2])
    } reference: {
      SpatialReferences.normalize(
        $0[0], eps: 1e-5, weight: $0[1], bias: $0[2], parameter: { $0 % 6 }, key: { $0 / 6 })
    }
    let two = [Reference.random([3, 2, 4], seed: 1), .random([2, 4], seed: 2), .random([2, 4], seed: 3)]
    checkGradients("layerNorm", two) {
      $0[0].layerNorm([2, 4], weight: $0[1], bias: $0[2])
    } reference: {
      SpatialReferences.normalize(
        $0[0], eps: 1e-5, weight: $0[1], bias: $0[2], parameter: { $0 % 8 }, key: { $0 / 8 })
    }
  }

  @Test func `layer normalisation keeps a transposed layout`() {
    // [N, L, C] as a view of [L, N, C]: rows lie apart but each is whole.
    let x = Reference.random([3, 2, 5], seed: 1).tensor()
    let view = x.permuted([1, 0, 2])
    let y = view.layerNorm([5])
    #expect(y.strides == view.strides)
    #expect(y.floats == view.contiguous().layerNorm([5]).floats)
  }

  @Test func `division by the norm`() {
    checkGradients("l2Normalize", [.random([2, 4, 3, 2], seed: 1)]) {
      $0[0].l2Normalize()
    } reference: { inputs in
      var y = inputs[0]
      for n in 0..<2 {
        for pixel in 0..<6 {
          let indices = (0..<4).map { (n * 4 + $0) * 6 + pixel }
          let norm = indices.reduce(0) { $0 + inputs[0].values[$1] * inputs[0].values[$1] }.squareRoot()
          for index in indices { y.values[index] /= norm }
        }
      }
      return y
    }
    #expect(Tensor.zeros([2, 3]).l2Normalize().floats == [0, 0, 0, 0, 0, 0])
  }

  @Test func `empty batches`() {
    let x = Tensor.zeros([0, 4, 3, 3]).requiringGradient()
    let weight = Tensor.ones([4]).requiringGradient()
    let results = [
      x.groupNorm(2, weight: weight), x.instanceNorm(weight: weight),
      x.batchNorm(.fixed(mean: .zeros([4]), variance: .ones([4])), weight: weight), x.l2Normalize(),
    ]
    for y in results {
      #expect(y.shape == x.shape)
      y.backward(.zeros(y.shape))
    }
    #expect(weight.gradient?.floats == [0, 0, 0, 0])
  }

  @Test func `one value a channel traps`() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor.ones([1, 3, 1, 1]).batchNorm(.batch(updating: nil, momentum: 0))
    }
  }
}

extension Reference {
  /// `e` raised to a power, for reference formulas.
  static func exponential(_ x: Double) -> Double {
    var (sum, term) = (1.0, 1.0)
    let reduced = x / 64
    for n in 1..<20 {
      term *= reduced / Double(n)
      sum += term
    }
    for _ in 0..<6 { sum *= sum }
    return sum
  }
}
