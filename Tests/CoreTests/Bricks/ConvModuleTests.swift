import OrderedCollections
import PyConfig
import Testing
import TestSupport

@testable import Core

@Suite struct ConvModuleTests {
  static let norms: [NormConfig] = [
    .batchNorm, NormConfig(.groupNorm(groups: 2)), NormConfig(.layerNorm2d), NormConfig(.instanceNorm),
  ]

  @Test func `keys are mmcv's`() {
    #expect(Array(ConvModule(3, 4, kernel: 3).state.keys) == ["conv.weight", "conv.bias"])
    #expect(
      Array(ConvModule(3, 4, kernel: 3, norm: .batchNorm).state.keys) == [
        "conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "bn.num_batches_tracked",
      ])
    #expect(
      Array(ConvModule(3, 4, kernel: 3, bias: true, norm: NormConfig(.groupNorm(groups: 2))).state.keys) == [
        "conv.weight", "conv.bias", "gn.weight", "gn.bias",
      ])
  }

  @Test(arguments: 0..<4, [true, false]) func `the fused path equals the parts`(
    _ index: Int, _ training: Bool
  ) {
    for activation in [
      nil, ActivationConfig.relu, .relu6, .function(.hardSwish), .function(.leakyReLU(slope: 0.1)),
    ] {
      let module = ConvModule(
        4, 6, kernel: 3, stride: 2, padding: 1, norm: Self.norms[index], activation: activation)
      module.train(training)
      var values = RandomGenerator(seed: 4)
      let x = Tensor((0..<4 * 36).map { _ in Float(values.normal()) }, shape: [1, 4, 6, 6])
      let y = withoutGradient { module(x) }
      let plain = withoutGradient {
        var z = module.conv(x)
        if let norm = module.norm { z = norm(z) }
        guard let activation else { return z }
        let layer = activation.make()
        return layer(z)
      }
      expectClose(y, plain.floats.map(Double.init), shape: [1, 6, 3, 3], relative: 1e-4, absolute: 1e-5)
    }
  }

  @Test func `another order is followed`() {
    var options = ConvModule.Options()
    (options.norm, options.order) = (.batchNorm, [.norm, .act, .conv])
    let module = ConvModule(4, 6, kernel: 1, options)
    module.train(false)
    #expect(module.norm?.weight?.count == 4)
    let x = Tensor((0..<16).map { Float($0) - 8 }, shape: [1, 4, 2, 2])
    let expected = module.conv(module.norm.map { $0(x) }.map { $0.relu() } ?? x)
    expectClose(module(x), expected.detached().floats.map(Double.init), relative: 1e-5)
  }

  @Test(arguments: [
    ("dict(type='GN')", "c.py:1: norm_cfg: missing required key 'num_groups'"),
    ("dict(type='GN', num_groups=0)", "c.py:1: norm_cfg.num_groups: must be positive, found 0"),
    (
      "dict(type='BN', requires_gard=False)",
      "norm_cfg: unknown key 'requires_gard'; did you mean 'requires_grad'?"
    ),
  ]) func `a wrong norm is named`(_ text: String, _ expected: String) throws {
    let config = try #require(try Config.parse(text: "x = \(text)", name: "c.py").root["x"])
    do {
      _ = try NormConfig(from: config, at: "norm_cfg")
      Issue.record("must throw")
    } catch {
      #expect("\(error)".contains(expected), "\(error)")
    }
  }

  @Test func `options of a norm reach the layer`() throws {
    func norm(_ text: String) throws -> any NormLayer {
      let config = try #require(try Config.parse(text: "x = \(text)", name: "c.py").root["x"])
      return try NormConfig(from: config, at: "norm_cfg").make(4)
    }
    let batch = try #require(
      try norm("dict(type='SyncBN', eps=1e-3, momentum=0.01, requires_grad=False)") as? BatchNorm2d)
    #expect((batch.eps, batch.momentum) == (1e-3, 0.01))
    #expect(batch.parameters.allSatisfy { !$0.requiresGradient })
    #expect(try (norm("dict(type='BN', momentum=None)") as? BatchNorm2d)?.momentum == .some(nil))
    #expect(try norm("dict(type='LN2d')") is LayerNorm2d)
    #expect(try norm("dict(type='IN')").parameters.isEmpty)
  }
}
