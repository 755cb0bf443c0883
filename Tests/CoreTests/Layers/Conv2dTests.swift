import OrderedCollections
import PyConfig
import TestSupport
import Testing

@testable import Core

@Suite struct Conv2dTests {
  @Test func `keys and shapes are PyTorch's`() {
    let conv = Conv2d(4, 6, kernel: Pair(h: 3, w: 5), groups: 2)
    #expect(Array(conv.stateDict.keys) == ["weight", "bias"])
    #expect(conv.weight.shape == [6, 2, 3, 5])
    #expect(Array(Conv2d(4, 6, kernel: 1, bias: false).stateDict.keys) == ["weight"])
    let transposed = ConvTranspose2d(4, 6, kernel: 2, stride: 2, groups: 2)
    #expect(Array(transposed.stateDict.keys) == ["weight", "bias"])
    #expect(transposed.weight.shape == [4, 3, 2, 2])
    #expect(transposed(.ones([1, 4, 3, 3])).shape == [1, 6, 6, 6])
  }

  @Test func `first values are uniform within one over the root of the fan-in`() throws {
    let conv = RandomSource.$current.withValue(RandomSource(seed: 3)) { Conv2d(8, 16, kernel: 3) }
    let again = RandomSource.$current.withValue(RandomSource(seed: 3)) { Conv2d(8, 16, kernel: 3) }
    let bound = 1 / Float(8 * 9).squareRoot()
    let values = conv.weight.value.floats
    #expect(values == again.weight.value.floats)
    #expect(values.allSatisfy { abs($0) <= bound })
    // The standard deviation of a uniform distribution.
    let deviation = (values.reduce(0) { $0 + $1 * $1 } / Float(values.count)).squareRoot()
    #expect(abs(deviation - bound / Float(3).squareRoot()) < 0.05 * bound)
    let bias = try #require(conv.bias).value.floats
    #expect(bias.allSatisfy { abs($0) <= bound } && bias.contains { abs($0) > bound / 2 })
    var generator = RandomGenerator(seed: 8)
    conv.initializeWeights(using: &generator)
    #expect(conv.weight.value.floats != values)
    let empty = withoutInitialValues { Conv2d(2, 2, kernel: 1) }
    #expect(empty.weight.value.floats == [0, 0, 0, 0])
  }

  @Test(arguments: [PaddingMode.zeros, .reflect, .replicate, .circular])
  func `a padding mode is a padded image`(_ mode: PaddingMode) throws {
    let conv = Conv2d(2, 3, kernel: 3, padding: Pair(h: 1, w: 2), paddingMode: mode)
    let x = Reference.random([1, 2, 5, 6]).tensor()
    let pad = try #require(mode == .zeros ? PadMode.constant : PadMode(rawValue: mode.rawValue))
    let padded = x.pad2d(top: 1, bottom: 1, left: 2, right: 2, mode: pad)
    let expected = padded.conv2d(conv.weight.value, bias: conv.bias?.value)
    expectClose(
      conv(x), expected.floats.map(Double.init), shape: [1, 3, 5, 8], relative: 1e-5, absolute: 1e-5)
  }

  /// A normalisation with statistics and parameters that are not trivial.
  private func norm(_ features: Int) -> BatchNorm2d {
    let norm = BatchNorm2d(features)
    norm.weight?.assign(Reference.random([features], seed: 21, in: 0.5...1.5).tensor())
    norm.bias?.assign(Reference.random([features], seed: 22).tensor())
    norm.runningMean?.assign(Reference.random([features], seed: 23).tensor())
    norm.runningVar?.assign(Reference.random([features], seed: 24, in: 0.5...2).tensor())
    return norm
  }

  @Test(arguments: [true, false], [true, false])
  func `folding changes nothing but the speed`(_ bias: Bool, _ withResidual: Bool) {
    let (conv, bn) = (Conv2d(3, 8, kernel: 3, padding: 1, bias: bias), norm(8))
    bn.train(false)
    let x = Reference.random([2, 3, 6, 5]).tensor()
    let residual = withResidual ? Reference.random([2, 8, 6, 5], seed: 3).tensor() : nil
    func both() -> (Tensor, Tensor) {
      withoutGradient {
        let plain = bn(conv(x))
        return (
          conv(x, norm: bn, residual: residual, activation: .relu),
          (residual.map { plain + $0 } ?? plain).relu()
        )
      }
    }
    let (first, expected) = both()
    expectClose(first, expected.floats.map(Double.init), relative: 1e-3, absolute: 1e-3)
    // With a gradient: not folded, the same numbers.
    let recorded = conv(x, norm: bn, residual: residual, activation: .relu)
    #expect(recorded.requiresGradient)
    expectClose(recorded, expected.floats.map(Double.init), relative: 1e-3, absolute: 1e-3)
    // What was folded follows each of the tensors that went into it.
    for parameter in [conv.weight, conv.bias, bn.weight, bn.bias] {
      guard let parameter else { continue }
      parameter.assign(parameter.value.detached() * 1.5)
      let (changed, expected) = both()
      expectClose(changed, expected.floats.map(Double.init), relative: 1e-3, absolute: 1e-3)
    }
    bn.runningVar?.assign(.full([8], 3))
    let (changed, expectedNow) = both()
    expectClose(changed, expectedNow.floats.map(Double.init), relative: 1e-3, absolute: 1e-3)
  }

  @Test func `without a normalisation`() {
    let conv = Conv2d(3, 8, kernel: 1)
    let x = Reference.random([2, 3, 6, 5]).tensor()
    let residual = Reference.random([2, 8, 6, 5], seed: 3).tensor()
    let expected = (conv(x) + residual).relu()
    for y in [
      conv(x, norm: nil, residual: residual, activation: .relu),
      withoutGradient { conv(x, norm: nil, residual: residual, activation: .relu) },
    ] {
      expectClose(y, expected.floats.map(Double.init), relative: 1e-4, absolute: 1e-4)
    }
  }

  @Test func `groups that do not divide trap`() async {
    await #expect(processExitsWith: .failure) { _ = Conv2d(3, 4, kernel: 1, groups: 2) }
  }

  @Test func `pairs and factors are read from configs`() throws {
    func node(_ value: ConfigValue) -> ConfigNode { ConfigNode(value) }
    #expect(try Pair(from: node(.int(3)), at: "k") == 3)
    #expect(try Pair(from: node(.tuple([node(.int(1)), node(.int(7))])), at: "k") == Pair(h: 1, w: 7))
    #expect(try ScaleFactor(from: node(.float(0.5)), at: "s") == 0.5)
    #expect(throws: BuildError.self) { try Pair(from: node(.list([node(.int(1))])), at: "k") }
    #expect(throws: BuildError.self) { try Pair(from: node(.string("3")), at: "k") }
  }
}
