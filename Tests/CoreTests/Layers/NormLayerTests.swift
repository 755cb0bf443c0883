import OrderedCollections
import TestSupport
import Testing

@testable import Core

/// Group, layer and instance normalisation as layers.
@Suite struct NormLayerTests {
  @Test func `keys are PyTorch's`() {
    #expect(Array(GroupNorm(2, 4).stateDict.keys) == ["weight", "bias"])
    #expect(Array(LayerNorm(4).stateDict.keys) == ["weight", "bias"])
    #expect(Array(LayerNorm2d(4).stateDict.keys) == ["weight", "bias"])
    #expect(InstanceNorm2d(4).stateDict.isEmpty)
    #expect(
      Array(InstanceNorm2d(4, affine: true, trackRunningStats: true).stateDict.keys) == [
        "weight", "bias", "running_mean", "running_var", "num_batches_tracked",
      ])
  }

  @Test func `layer normalisation of the channels of pixels`() {
    let layer = LayerNorm2d(5, eps: 1e-6)
    layer.weight?.assign(Reference.random([5], seed: 2).tensor())
    let inputs = [Reference.random([2, 5, 3, 4], seed: 1)]
    checkGradients("LayerNorm2d", inputs) {
      layer($0[0])
    } reference: {
      SpatialReferences.normalize(
        $0[0], eps: 1e-6, weight: .random([5], seed: 2), bias: nil, parameter: { $0 / 12 % 5 },
        key: { $0 / 60 * 12 + $0 % 12 })
    }
    // No copies between layouts on the way.
    #expect(layer(Reference.random([2, 5, 3, 4]).tensor(channelsLast: true)).isChannelsLast)
  }

  @Test func `a residual and an activation after any normalisation`() {
    let layer = GroupNorm(2, 4)
    let (x, residual) = (
      Reference.random([2, 4, 3, 3]).tensor(), Reference.random([2, 4, 3, 3], seed: 2).tensor()
    )
    #expect(
      layer(x, residual: residual, activation: .relu).floats == (layer(x) + residual).relu().floats)
    #expect(layer.foldedAffine(addingTo: nil) == nil)
  }

  @Test func `running statistics of instances`() throws {
    let layer = InstanceNorm2d(2, trackRunningStats: true)
    let x = Reference.random([3, 2, 4, 4], in: 0...2)
    let y = layer(x.tensor())
    expectClose(
      y,
      SpatialReferences.normalize(
        x, eps: 1e-5, weight: nil, bias: nil, parameter: { _ in 0 }, key: { $0 / 16 }
      ).values, relative: 1e-4, absolute: 1e-4)
    var mean = [0.0, 0.0]
    var variance = [0.9, 0.9]
    for plane in 0..<6 {
      let values = x.values[(plane * 16)..<(plane * 16 + 16)]
      let average = values.reduce(0, +) / 16
      mean[plane % 2] += 0.1 * average / 3
      variance[plane % 2] += 0.1 * values.reduce(0) { $0 + ($1 - average) * ($1 - average) } / 15 / 3
    }
    expectClose(try #require(layer.runningMean).value, mean)
    expectClose(try #require(layer.runningVar).value, variance)
    layer.train(false)
    let single = layer(.ones([1, 2, 1, 1])).floats
    expectClose(single, (0..<2).map { (1 - mean[$0]) / (variance[$0] + 1e-5).squareRoot() })
  }
}
