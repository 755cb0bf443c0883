import TestSupport
import Testing

@testable import Core

@Suite struct ConvTransposeTests {
  struct Setup: Sendable, CustomTestStringConvertible {
    var image: [Int]
    var weight: [Int]
    var geometry = ConvolutionGeometry()
    var extra: Pair = 0
    var testDescription: String { "\(image) * \(weight) \(geometry) + \(extra)" }
  }

  static let setups = [
    Setup(image: [2, 3, 3, 4], weight: [3, 4, 2, 2], geometry: .init(stride: 2)),
    Setup(image: [1, 3, 4, 3], weight: [3, 2, 4, 4], geometry: .init(stride: 2, padding: 1)),
    Setup(
      image: [1, 4, 3, 3], weight: [4, 2, 3, 3], geometry: .init(stride: 2, padding: 1, groups: 2), extra: 1),
    Setup(image: [1, 2, 3, 3], weight: [2, 2, 2, 2], geometry: .init(dilation: 3), extra: 2),
    Setup(
      image: [1, 2, 3, 2], weight: [2, 3, 5, 3], geometry: .init(stride: Pair(h: 3, w: 2), padding: 1),
      extra: Pair(h: 2, w: 0)),
    Setup(image: [1, 4, 3, 3], weight: [4, 1, 3, 3], geometry: .init(stride: 2, groups: 4)),
    Setup(image: [1, 2, 4, 4], weight: [2, 3, 1, 1]),
  ]

  @Test(arguments: setups, [false, true])
  func `gradients agree with differences`(_ setup: Setup, _ channelsLast: Bool) {
    let geometry = setup.geometry
    let inputs = [
      Reference.random(setup.image, seed: 3), .random(setup.weight, seed: 4, in: -0.5...0.5),
      .random([setup.weight[1] * geometry.groups], seed: 5),
    ]
    checkGradients("convTranspose2d", inputs, channelsLast: channelsLast, relative: 5e-4, absolute: 5e-4) {
      $0[0].convTranspose2d(
        $0[1], bias: $0[2], stride: geometry.stride, padding: geometry.padding, outputPadding: setup.extra,
        groups: geometry.groups, dilation: geometry.dilation)
    } reference: {
      SpatialReferences.convTranspose2d($0[0], $0[1], $0[2], geometry, extra: setup.extra)
    }
  }

  @Test func `an empty batch gives an empty result`() {
    let weight = Tensor.ones([2, 3, 2, 2]).requiringGradient()
    let y = Tensor.zeros([0, 2, 4, 4]).convTranspose2d(weight, stride: 2)
    #expect(y.shape == [0, 3, 8, 8])
    y.backward(.zeros(y.shape))
    #expect(weight.gradient?.floats == [Float](repeating: 0, count: 24))
  }

  @Test func `output padding as large as the stride traps`() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor.ones([1, 1, 2, 2]).convTranspose2d(.ones([1, 1, 2, 2]), stride: 2, outputPadding: 2)
    }
  }
}
