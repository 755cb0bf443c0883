import TestSupport
import Testing

@testable import Core

@Suite struct ConvolutionTests {
  struct Setup: Sendable, CustomTestStringConvertible {
    var image: [Int]
    var weight: [Int]
    var geometry = ConvolutionGeometry()
    var hasBias = true
    var testDescription: String { "\(image) * \(weight) \(geometry)" }
  }

  static let setups = [
    Setup(image: [2, 3, 5, 4], weight: [4, 3, 3, 3], geometry: .init(padding: 1)),
    Setup(image: [1, 4, 6, 5], weight: [2, 4, 1, 1], geometry: .init(stride: 2), hasBias: false),
    Setup(image: [1, 2, 7, 6], weight: [3, 2, 3, 3], geometry: .init(stride: 2, padding: 1)),
    Setup(image: [1, 4, 5, 5], weight: [6, 2, 3, 3], geometry: .init(padding: 2, dilation: 2, groups: 2)),
    Setup(image: [2, 6, 4, 5], weight: [6, 1, 3, 3], geometry: .init(padding: 1, groups: 6)),
    Setup(image: [1, 3, 5, 5], weight: [6, 1, 5, 5], geometry: .init(stride: 2, padding: 2, groups: 3)),
    Setup(
      image: [1, 2, 6, 5], weight: [2, 2, 3, 3],
      geometry: .init(stride: 2, padding: 0, endPadding: Pair(h: 1, w: 2))),
    Setup(image: [1, 2, 3, 3], weight: [2, 2, 1, 1], geometry: .init(padding: 2)),
    Setup(image: [1, 1, 1, 1], weight: [1, 1, 3, 3], geometry: .init(padding: 1)),
  ]

  @Test(arguments: setups, [false, true])
  func `gradients agree with differences`(_ setup: Setup, _ channelsLast: Bool) {
    var inputs = [Reference.random(setup.image, seed: 3), .random(setup.weight, seed: 4, in: -0.5...0.5)]
    if setup.hasBias { inputs.append(.random([setup.weight[0]], seed: 5)) }
    checkGradients("conv2d", inputs, channelsLast: channelsLast, relative: 5e-4, absolute: 5e-4) {
      $0[0].conv2d($0[1], bias: setup.hasBias ? $0[2] : nil, setup.geometry)
    } reference: {
      SpatialReferences.conv2d($0[0], $0[1], setup.hasBias ? $0[2] : nil, setup.geometry)
    }
  }

  /// Sizes that are no multiples of any tile, so that each algorithm meets its edges.
  static let larger = [
    Setup(image: [1, 16, 14, 13], weight: [24, 16, 3, 3], geometry: .init(padding: 1)),
    Setup(image: [2, 40, 9, 7], weight: [33, 40, 3, 3], geometry: .init(padding: 1)),
    Setup(image: [1, 3, 33, 30], weight: [32, 3, 7, 7], geometry: .init(stride: 2, padding: 3)),
    Setup(image: [1, 37, 9, 10], weight: [50, 37, 1, 1]),
    Setup(
      image: [1, 24, 15, 13], weight: [24, 1, 3, 3], geometry: .init(stride: 2, padding: 1, groups: 24)),
    Setup(image: [1, 32, 8, 9], weight: [32, 4, 3, 3], geometry: .init(padding: 1, groups: 8)),
    Setup(image: [1, 20, 11, 11], weight: [18, 20, 3, 3], geometry: .init(padding: 4, dilation: 4)),
  ]

  @Test(arguments: larger)
  func `larger convolutions and their gradients`(_ setup: Setup) {
    let inputs = [
      Reference.random(setup.image, seed: 3), .random(setup.weight, seed: 4, in: -0.25...0.25),
      .random([setup.weight[0]], seed: 5),
    ]
    let expected = SpatialReferences.conv2d(inputs[0], inputs[1], inputs[2], setup.geometry)
    let seed = Reference.random(expected.shape, seed: 6)
    var forImage = [Double](repeating: 0, count: inputs[0].values.count)
    var forWeight = [Double](repeating: 0, count: inputs[1].values.count)
    SpatialReferences.convolve(
      image: setup.image, weight: setup.weight, output: expected.shape, setup.geometry
    ) {
      forImage[$0] += inputs[1].values[$1] * seed.values[$2]
      forWeight[$1] += inputs[0].values[$0] * seed.values[$2]
    }
    let tensors = inputs.map { $0.tensor().requiringGradient() }
    let y = tensors[0].conv2d(tensors[1], bias: tensors[2], setup.geometry)
    expectClose(y, expected.values, shape: expected.shape, relative: 3e-4, absolute: 3e-4, "forward")
    y.backward(seed.tensor())
    expectClose(tensors[0].gradient ?? y, forImage, relative: 3e-4, absolute: 3e-4, "image")
    expectClose(tensors[1].gradient ?? y, forWeight, relative: 3e-4, absolute: 1e-3, "weight")
    // Without a gradient, larger Winograd tiles may be used.
    let inference = withoutGradient { tensors[0].conv2d(tensors[1], bias: tensors[2], setup.geometry) }
    expectClose(inference, expected.values, relative: 1e-3, absolute: 1e-3, "inference")
  }

  @Test(arguments: [
    FusedActivation.relu, .relu6, .leakyReLU(slope: 0.1), .clip(max: 0.5), .silu, .hardSwish, .sigmoid, .gelu,
  ])
  func `an activation fused is an activation applied`(_ activation: FusedActivation) {
    let inputs = [Reference.random([1, 3, 5, 5]), .random([8, 3, 3, 3], seed: 2), .random([8], seed: 3)]
    func run(_ body: ([Tensor]) -> Tensor) -> (Tensor, [Tensor]) {
      let tensors = inputs.map { $0.tensor().requiringGradient() }
      let y = body(tensors)
      y.backward(Reference.random(y.shape, seed: 9).tensor())
      return (y, tensors.compactMap(\.gradient))
    }
    let (fused, fusedGradients) = run { $0[0].conv2d($0[1], bias: $0[2], padding: 1, activation: activation) }
    let (plain, gradients) = run { $0[0].conv2d($0[1], bias: $0[2], padding: 1).activated(activation) }
    expectClose(fused, plain.floats.map(Double.init), shape: plain.shape, relative: 1e-5, absolute: 1e-5)
    #expect(fusedGradients.count == 3)
    for (a, b) in zip(fusedGradients, gradients) {
      expectClose(a, b.floats.map(Double.init), relative: 1e-4, absolute: 1e-4)
    }
  }

  @Test func `gradients stop where they are not wanted`() {
    let x = Reference.random([1, 2, 4, 4]).tensor()
    let weight = Reference.random([3, 2, 3, 3], seed: 2).tensor()
    let bias = Reference.random([3], seed: 3).tensor().requiringGradient()
    let y = x.conv2d(weight, bias: bias)
    y.backward(.ones(y.shape))
    #expect(bias.gradient?.floats == [4, 4, 4])
    #expect(!x.conv2d(weight).requiresGradient)
  }

  @Test func `fused scale, bias, residual and activation`() {
    let x = Reference.random([2, 5, 6, 7])
    let weight = Reference.random([9, 5, 3, 3], seed: 2, in: -0.3...0.3)
    let (scale, bias) = (Reference.random([9], seed: 3, in: 0.5...1.5), Reference.random([9], seed: 4))
    let residual = Reference.random([2, 9, 6, 7], seed: 5)
    let geometry = ConvolutionGeometry(padding: 1)
    var expected = SpatialReferences.conv2d(x, weight, nil, geometry)
    for index in expected.values.indices {
      let channel = index / 42 % 9
      let sum =
        expected.values[index] * scale.values[channel] + bias.values[channel] + residual.values[index]
      expected.values[index] = max(0, sum)
    }
    let y = x.tensor().conv2dFused(
      weight.tensor(), scale: scale.tensor(), bias: bias.tensor(), residual: residual.tensor(),
      activation: .relu,
      geometry)
    expectClose(y, expected.values, shape: expected.shape, relative: 1e-3, absolute: 1e-3)
  }

  @Test func `packed weights follow changes of weight and scale`() {
    let x = Tensor.ones([1, 1, 3, 3])
    let weight = Tensor.ones([1, 1, 1, 1])
    let scale = Tensor.ones([1])
    func run() -> Float { x.conv2dFused(weight, scale: scale, ConvolutionGeometry()).floats[0] }
    #expect(run() == 1)
    weight.fillInPlace(2)
    #expect(run() == 2)
    scale.fillInPlace(3)
    #expect(run() == 6)
    #expect(x.conv2d(weight).floats[0] == 2)
    #expect(x.conv2dFused(weight, scale: .full([1], 5), ConvolutionGeometry()).floats[0] == 10)
  }

  @Test func `views of one storage are packed apart`() {
    let weights = Tensor([1, 2, 3, 4] as [Float], shape: [4, 1, 1, 1])
    let x = Tensor.ones([1, 1, 2, 2])
    for index in 0..<4 {
      #expect(x.conv2d(weights.sliced(0, index..<(index + 1))).floats[0] == Float(index + 1))
    }
  }

  @Test func `an empty batch gives an empty result and zero gradients`() {
    let x = Tensor.zeros([0, 2, 5, 5]).requiringGradient()
    let weight = Tensor.ones([3, 2, 3, 3]).requiringGradient()
    let bias = Tensor.ones([3]).requiringGradient()
    let y = x.conv2d(weight, bias: bias, stride: 2)
    #expect(y.shape == [0, 3, 2, 2])
    y.backward(.zeros(y.shape))
    #expect(weight.gradient?.floats == [Float](repeating: 0, count: 54))
    #expect(bias.gradient?.floats == [0, 0, 0])
    #expect(x.gradient?.shape == x.shape)
  }

  @Test func `a recorder sees how the kernel slides`() throws {
    let recorder = OperationRecorder()
    OperationRecorder.$current.withValue(recorder) {
      _ = Tensor.ones([1, 4, 8, 8]).conv2d(.ones([6, 2, 3, 3]), stride: 2, padding: 1, groups: 2)
    }
    let operation = try #require(recorder.operations.last)
    #expect(operation.name == "conv2d")
    #expect(operation.attributes["groups"] == .int(2))
    #expect(operation.attributes["kernel"] == .ints([3, 3]))
    #expect(operation.attributes["stride"] == .ints([2, 2]))
    #expect(operation.outputShapes == [[1, 6, 4, 4]])
    #expect(operation.inputShapes == [[1, 4, 8, 8], [6, 2, 3, 3], nil])
  }

  @Test func `wrong channels trap`() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor.ones([1, 3, 4, 4]).conv2d(.ones([2, 4, 3, 3]))
    }
  }

  @Test func `a kernel larger than the image traps`() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor.ones([1, 3, 4, 4]).conv2d(.ones([2, 3, 5, 5]))
    }
  }
}
