import OrderedCollections
import CKernels
import Foundation
import TestSupport
import Testing
import TorchFile

@testable import Core

/// Deformable convolutions equal mmcv's; values: Fixtures/deform-conv/make.py.
@Suite struct DeformConvolutionTests {
  struct Operand: Decodable, Sendable {
    var shape: [Int]
    var values, gradient: [Double]

    var tensor: Tensor { Tensor(values.map { Float($0) }, shape: shape) }
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var stride, padding, dilation: [Int]
    var groups, deform_groups: Int
    var modulated: Bool
    var x, offset, weight, y: Operand
    var mask, bias: Operand?
    var testDescription: String { "\(x.shape) \(weight.shape) \(groups) \(deform_groups) \(modulated)" }

    func run(_ x: Tensor, _ offset: Tensor, _ weight: Tensor, _ mask: Tensor?, _ bias: Tensor?) -> Tensor {
      x.deformConv2d(
        offset: offset, mask: mask, weight, bias: bias, stride: Pair(h: stride[0], w: stride[1]),
        padding: Pair(h: padding[0], w: padding[1]), dilation: Pair(h: dilation[0], w: dilation[1]),
        groups: groups,
        deformGroups: deform_groups)
    }
  }

  static let cases: [Case] =
    (try? JSONDecoder().decode(
      [Case].self, from: Data(contentsOf: URL(fileURLWithPath: Golden.path("deform-conv/cases.json"))))) ?? []

  @Test func `there are cases`() { #expect(Self.cases.count == 5) }

  @Test(arguments: cases, [false, true]) func `equals mmcv`(_ golden: Case, channelsLast: Bool) throws {
    func leaf(_ operand: Operand) -> Tensor {
      let tensor = operand.tensor
      return (channelsLast && tensor.rank == 4 ? tensor.channelsLast() : tensor).requiringGradient()
    }
    let operands = [golden.x, golden.offset, golden.weight] + [golden.mask, golden.bias].compactMap { $0 }
    let tensors = operands.map(leaf)
    let y = golden.run(
      tensors[0], tensors[1], tensors[2], golden.modulated ? tensors[3] : nil,
      golden.modulated ? tensors[4] : nil)
    expectClose(y, golden.y.values, shape: golden.y.shape, relative: 1e-5, absolute: 1e-5, "y")
    y.backward(Tensor(golden.y.gradient.map { Float($0) }, shape: golden.y.shape))
    for (index, operand) in operands.enumerated() {
      expectClose(
        try #require(tensors[index].gradient), operand.gradient, shape: operand.shape, relative: 2e-5,
        absolute: 2e-5,
        "gradient \(index)")
    }
    let alone = withoutGradient {
      golden.run(
        golden.x.tensor, golden.offset.tensor, golden.weight.tensor, golden.mask?.tensor, golden.bias?.tensor)
    }
    #expect(alone.floats == y.detached().floats)
  }

  @Test func `without movement it is a plain convolution`() {
    let x = Formula.images([2, 48, 19, 23], seed: 1)
    let weight = Formula.images([40, 48, 3, 3], seed: 2)
    let offset = Tensor.zeros([2, 18, 10, 12])
    let y = x.deformConv2d(offset: offset, weight, stride: 2, padding: 1)
    let plain = x.conv2d(weight, stride: 2, padding: 1)
    expectClose(y, plain.floats.map { Double($0) }, shape: plain.shape, relative: 1e-4, absolute: 1e-4)
  }

  @Test func `gradients are those of central differences for wide and grouped channels`() {
    // One case a way of cutting channels into blocks: several blocks a group, several groups a block.
    for (channels, groups, deformGroups) in [(40, 1, 1), (40, 5, 2), (72, 2, 4)] {
      let x = Formula.images([1, channels, 4, 3], seed: 1).requiringGradient()
      let weight = Formula.images([groups * 2, channels / groups, 3, 3], seed: 2).requiringGradient()
      // Away from whole numbers, at which the derivative jumps.
      let offset = (Formula.images([1, 18 * deformGroups, 4, 3], seed: 3) * 0.2 + 0.5).requiringGradientCopy()
      let mask = Formula.images([1, 9 * deformGroups, 4, 3], seed: 4).requiringGradient()
      func loss(_ x: Tensor, _ offset: Tensor, _ mask: Tensor, _ weight: Tensor) -> Tensor {
        (x.deformConv2d(
          offset: offset, mask: mask, weight, padding: 1, groups: groups, deformGroups: deformGroups)
          * Formula.images([1, groups * 2, 4, 3], seed: 5)).sum()
      }
      loss(x, offset, mask, weight).backward()
      let operands = [x, offset, mask, weight]
      for (index, operand) in operands.enumerated() {
        let direction = Formula.images(operand.shape, seed: 6 + index)
        func moved(_ step: Float) -> Double {
          var tensors = operands.map { $0.detached() }
          tensors[index] = tensors[index] + direction * step
          return Double(loss(tensors[0], tensors[1], tensors[2], tensors[3]).item)
        }
        let step: Float = index == 1 ? 2e-3 : 1e-2
        let difference = (moved(step) - moved(-step)) / Double(2 * step)
        let product = Double(((operand.gradient ?? .zeros(operand.shape)) * direction).sum().item)
        #expect(
          abs(difference - product) <= 1e-2 * max(1, abs(difference)),
          "\(channels) \(groups) operand \(index)")
      }
    }
  }

  @Test func `a point that is not a number reads nothing`() {
    var offset = [Float](repeating: 0, count: 2)
    offset[0] = .nan
    let y = Tensor.ones([1, 1, 1, 1]).deformConv2d(
      offset: Tensor(offset, shape: [1, 2, 1, 1]), Tensor.ones([1, 1, 1, 1]))
    #expect(y.floats == [0])
  }

  @Test func `results do not depend on the number of threads`() async {
    await #expect(processExitsWith: .success) {
      func run() -> [[Float]] {
        let x = Formula.images([2, 96, 20, 21], seed: 1).requiringGradient()
        let weight = Formula.images([64, 96, 3, 3], seed: 2).requiringGradient()
        let offset = Formula.images([2, 36, 20, 21], seed: 3).requiringGradient()
        let mask = Formula.images([2, 18, 20, 21], seed: 4).requiringGradient()
        let y = x.deformConv2d(offset: offset, mask: mask, weight, padding: 1, deformGroups: 2)
        y.backward(Formula.images(y.shape, seed: 5))
        return [y.detached().floats] + [x, weight, offset, mask].map { $0.gradient?.floats ?? [] }
      }
      mm_pool_set_threads(1)
      let expected = run()
      for threads: Int32 in [2, 4] {
        mm_pool_set_threads(threads)
        if run() != expected { fatalError("results differ with \(threads) threads") }
      }
    }
  }

  @Test func `old names of offsets are understood`() throws {
    let layer = ModulatedDeformConv2dPack(4, 4, kernel: 3, padding: 1)
    let block = Sequential(named: [("conv2", layer)])
    var state = block.stateDict.mapValues { StoredTensor($0) }
    for name in ["weight", "bias"] {
      state["conv2_offset.\(name)"] = state.removeValue(forKey: "conv2.conv_offset.\(name)")
    }
    #expect(try block.load(state).isPerfect)
  }

  @Test func `weights of a plain convolution bring scale and shift for a standardised one`() throws {
    let plain = Conv2d(3, 4, kernel: 3, bias: false)
    Formula.fill(plain)
    let standardized = ConvAWS2d(3, 4, kernel: 3, bias: false)
    #expect(try standardized.load(plain.stateDict.mapValues { StoredTensor($0) }).isPerfect)
    let x = Formula.images([1, 3, 6, 6], seed: 1)
    expectClose(
      standardized(x), plain(x).detached().floats.map { Double($0) }, relative: 1e-4, absolute: 1e-5)
  }
}

extension Tensor {
  /// The same numbers as a leaf.
  fileprivate func requiringGradientCopy() -> Tensor { detached().clone().requiringGradient() }
}
