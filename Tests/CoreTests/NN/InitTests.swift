import Core
import Foundation
import TestSupport
import Testing

@Suite struct InitTests {
  private func deviation(_ shape: [Int], _ rule: (Parameter, inout RandomGenerator) -> Void) -> (
    Double, Double
  ) {
    var generator = RandomGenerator(seed: 5)
    let parameter = Parameter(.zeros(shape))
    rule(parameter, &generator)
    let value = parameter.value.detached()
    return (Double(value.standardDeviation().item), Double(value.absolute().amax().item))
  }

  @Test func `fans count connections`() {
    #expect(Init.fans(of: [64, 32, 3, 3]) == (288, 576))
    #expect(Init.fans(of: [10, 20]) == (20, 10))
  }

  @Test func `gains are PyTorch's`() {
    #expect(Init.Nonlinearity.relu.gain() == 2.0.squareRoot())
    #expect(Init.Nonlinearity.tanh.gain() == 5.0 / 3)
    #expect(Init.Nonlinearity.leakyReLU.gain(slope: 5.0.squareRoot()) == (1.0 / 3).squareRoot())
    #expect(Init.Nonlinearity.selu.gain() == 0.75)
    #expect(Init.Nonlinearity(rawValue: "conv_transpose2d")?.gain() == 1)
  }

  @Test func `deviations follow the fans`() {
    let shape = [40, 30, 3, 3]  // fans 270 and 360
    let kaiming = deviation(shape) { Init.kaiming($0, using: &$1) }
    #expect(abs(kaiming.0 / (2.0 / 360).squareRoot() - 1) < 0.02)
    let uniform = deviation(shape) {
      Init.kaiming($0, a: 1, mode: .fanIn, nonlinearity: .leakyReLU, distribution: .uniform, using: &$1)
    }
    #expect(abs(uniform.0 / (1.0 / 270).squareRoot() - 1) < 0.02)
    #expect(uniform.1 <= (3.0 / 270).squareRoot() + 1e-7)
    #expect(deviation(shape) { Init.caffe2Xavier($0, using: &$1) } == uniform)
    let xavier = deviation(shape) { Init.xavier($0, gain: 2, using: &$1) }
    #expect(abs(xavier.0 / (2 * (2.0 / 630).squareRoot()) - 1) < 0.02)
    let xavierUniform = deviation(shape) { Init.xavier($0, distribution: .uniform, using: &$1) }
    #expect(xavierUniform.1 <= (6.0 / 630).squareRoot() + 1e-7)
    #expect(abs(xavierUniform.1 / (6.0 / 630).squareRoot() - 1) < 0.01)
    let truncated = deviation(shape) { Init.truncatedNormal($0, standardDeviation: 0.02, using: &$1) }
    #expect(abs(truncated.0 / 0.02 - 1) < 0.03)
    #expect(
      deviation(shape) {
        Init.constant($0, 3); _ = $1.next()
      } == (0, 3))
  }

  @Test func `a bias makes a sigmoid start at a probability`() {
    #expect(abs(1 / (1 + exp(-Init.bias(forProbability: 0.01))) - 0.01) < 1e-12)
  }
}
