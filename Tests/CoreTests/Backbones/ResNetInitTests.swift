import OrderedCollections
import PyConfig
import Testing

@testable import Core

/// From which values training of a residual network starts.
@Suite struct ResNetInitTests {
  static func network(_ change: (inout ResNet.Config) -> Void = { _ in }) throws -> ResNet {
    var config = ResNet.Config()
    (config.depth, config.baseChannels, config.stemChannels) = (.r18, 16, 16)
    change(&config)
    try config.check()
    let network = ResNet(config)
    var generator = RandomGenerator(seed: 2)
    network.initializeWeights(using: &generator)
    return network
  }

  @Test func `convolutions start by Kaiming's rule, norms at 1, branches at 0`() throws {
    let state = try Self.network().stateDict
    let weight = try #require(state["layer2.1.conv1.weight"]).floats
    // 32 outputs of 3x3: a deviation of sqrt(2 / 288).
    let variance = weight.reduce(0) { $0 + Double($1) * Double($1) } / Double(weight.count)
    #expect(abs(variance - 2.0 / 288) < 0.05 * 2 / 288, "\(variance)")
    #expect(state["layer2.1.bn1.weight"]?.floats.allSatisfy { $0 == 1 } == true)
    #expect(state["layer2.1.bn2.weight"]?.floats.allSatisfy { $0 == 0 } == true)
    #expect(state["layer2.0.downsample.1.weight"]?.floats.allSatisfy { $0 == 1 } == true)
  }

  @Test func `the rule of the branches can be left out, and all rules`() throws {
    #expect(
      try Self.network { $0.zeroInitResidual = false }.stateDict["layer2.1.bn2.weight"]?.floats.allSatisfy {
        $0 == 1
      } == true)
    let plain = try Self.network { $0.initialization = [] }.stateDict
    let weight = try #require(plain["layer2.1.conv1.weight"]).floats
    // PyTorch's own: uniform within 1 / sqrt(288).
    let bound = Float(1 / 288.0.squareRoot())
    #expect(weight.allSatisfy { abs($0) <= bound } && weight.contains { abs($0) > 0.98 * bound })
  }
}
