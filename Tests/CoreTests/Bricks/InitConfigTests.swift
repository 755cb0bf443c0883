import Foundation
import OrderedCollections
import PyConfig
import Testing

@testable import Core

/// First values of layers by `init_cfg`.
@Suite struct InitConfigTests {
  final class Net: Module {
    let conv = Conv2d(8, 16, kernel: 3)
    let norm = BatchNorm2d(16)
    let fc = Linear(40, 30)
    let tail = Sequential([Linear(20, 20), ReLU(), Conv2d(4, 4, kernel: 1)])
  }

  static func rules(_ text: String) throws -> [InitConfig] {
    let root = try Config.parse(text: "x = dict(init_cfg=\(text))", name: "c.py").root
    var reader = try ConfigReader(try #require(root["x"]), path: "model")
    let rules = try reader.initialization(default: [.constant(9, layers: ["Linear"])])
    try reader.finish()
    return rules
  }

  static func net(_ text: String) throws -> Net {
    let net = Net()
    var generator = RandomGenerator(seed: 11)
    for rule in try rules(text) { rule.apply(to: net, using: &generator) }
    return net
  }

  static func statistics(_ parameter: Parameter) -> (
    mean: Double, deviation: Double, low: Double, high: Double
  ) {
    let values = parameter.value.detached().floats.map(Double.init)
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return (mean, variance.squareRoot(), values.min() ?? 0, values.max() ?? 0)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var rule: String
    var deviation: Double
    /// Of uniform draws.
    var bound: Double?
    var mean = 0.0
    var testDescription: String { rule }
  }

  // The layer is a convolution of 8 channels to 16 with 3x3: 72 inputs and 144 outputs a value.
  static let cases: [Case] = [
    Case(rule: "dict(type='Normal', layer='Conv2d', std=0.01)", deviation: 0.01),
    Case(rule: "dict(type='Normal', layer='Conv2d', mean=3, std=0.5)", deviation: 0.5, mean: 3),
    Case(rule: "dict(type='Xavier', layer='Conv2d')", deviation: (2.0 / 216).squareRoot()),
    Case(rule: "dict(type='Xavier', layer='Conv2d', gain=2)", deviation: 2 * (2.0 / 216).squareRoot()),
    Case(
      rule: "dict(type='Xavier', layer='Conv2d', distribution='uniform')",
      deviation: (2.0 / 216).squareRoot(),
      bound: (6.0 / 216).squareRoot()),
    Case(rule: "dict(type='Kaiming', layer='Conv2d')", deviation: (2.0 / 144).squareRoot()),
    Case(rule: "dict(type='KaimingInit', layer='Conv2d', mode='fan_in')", deviation: (2.0 / 72).squareRoot()),
    Case(
      rule:
        "dict(type='Kaiming', layer='Conv2d', a=1, mode='fan_in', nonlinearity='leaky_relu', distribution='uniform')",
      deviation: (1.0 / 72).squareRoot(), bound: (3.0 / 72).squareRoot()),
    Case(
      rule: "dict(type='Caffe2Xavier', layer='Conv2d')", deviation: (1.0 / 72).squareRoot(),
      bound: (3.0 / 72).squareRoot()),
    Case(rule: "dict(type='Uniform', layer='Conv2d', a=-2, b=2)", deviation: 4 / 12.0.squareRoot(), bound: 2),
    Case(rule: "dict(type='TruncNormal', layer='Conv2d', std=1)", deviation: 0.8796, bound: 2),
    Case(rule: "dict(type='TruncNormal', layer='Conv2d', std=.02)", deviation: 0.02),
  ]

  @Test(arguments: cases) func `draws are spread as in PyTorch`(_ c: Case) throws {
    let found = Self.statistics(try Self.net(c.rule).conv.weight)
    #expect(abs(found.deviation - c.deviation) < 0.06 * c.deviation, "\(found.deviation)")
    #expect(abs(found.mean - c.mean) < 0.12 * c.deviation, "\(found.mean)")
    if let bound = c.bound {
      #expect(found.low >= -bound && found.high <= bound)
      #expect(found.high > 0.9 * bound)
    }
  }

  @Test func `biases get what is asked for`() throws {
    #expect(
      try Self.net("dict(type='Normal', layer='Conv2d')").conv.bias?.value.floats.allSatisfy { $0 == 0 }
        == true)
    #expect(
      try Self.net("dict(type='Constant', val=2, bias=3, layer='Conv2d')").conv.bias?.value.floats.allSatisfy
      { $0 == 3 } == true)
    let prior = try #require(
      Self.net("dict(type='Normal', layer='Conv2d', bias_prob=0.01)").conv.bias?.value.floats.first)
    #expect(abs(prior - Float(-log(99.0))) < 1e-6)
  }

  @Test func `layers are chosen by class and by base class`() throws {
    let net = try Self.net(
      "[dict(type='Constant', val=5, layer=['_BatchNorm', 'Linear']), dict(type='Constant', val=6, layer='_ConvNd')]"
    )
    #expect(net.norm.weight?.value.floats.allSatisfy { $0 == 5 } == true)
    #expect(net.norm.bias?.value.floats.allSatisfy { $0 == 0 } == true)
    #expect(net.fc.weight.value.floats.allSatisfy { $0 == 5 })
    #expect(net.conv.weight.value.floats.allSatisfy { $0 == 6 })
    let values = net.stateDict
    #expect(values["tail.0.weight"]?.floats.allSatisfy { $0 == 5 } == true)
    #expect(values["tail.2.weight"]?.floats.allSatisfy { $0 == 6 } == true)
  }

  @Test func `an override takes a whole part`() throws {
    let net = try Self.net(
      """
      dict(type='Constant', val=1, layer='Linear', override=[dict(type='Constant', val=7, bias=8, name='tail'), dict(name='conv')])
      """)
    #expect(net.fc.weight.value.floats.allSatisfy { $0 == 1 })
    #expect(net.conv.weight.value.floats.allSatisfy { $0 == 1 })
    for key in ["tail.0", "tail.2"] {
      #expect(net.stateDict["\(key).weight"]?.floats.allSatisfy { $0 == 7 } == true)
      #expect(net.stateDict["\(key).bias"]?.floats.allSatisfy { $0 == 8 } == true)
    }
  }

  @Test func `None means no rules, a missing key the standard ones`() throws {
    #expect(try Self.rules("None").isEmpty)
    let root = try Config.parse(text: "x = dict()", name: "c.py").root
    var reader = try ConfigReader(try #require(root["x"]), path: "model")
    #expect(try reader.initialization(default: [.constant(9, layers: ["Linear"])]).count == 1)
  }

  static let errors: [(String, String)] = [
    (
      "dict(type='Kaimin')",
      "c.py:1: model.init_cfg.type: 'Kaimin' is not in the initializer registry; did you mean 'Kaiming'?"
    ),
    ("dict(type='Constant')", "model.init_cfg: missing required key 'val'"),
    ("dict(type='Normal', sdt=1)", "model.init_cfg: unknown key 'sdt'; did you mean 'std'?"),
    (
      "[dict(type='Normal', bias_prob=1.0)]", "model.init_cfg.0.bias_prob: must be between 0 and 1, found 1.0"
    ),
    (
      "dict(type='Normal', override=dict(type='Normal'))",
      "model.init_cfg.override: missing required key 'name'"
    ),
    ("dict(type='Normal', override=dict(name='fc', std=1))", "model.init_cfg.override: unknown key 'std'"),
    ("3", "c.py:1: model.init_cfg: expected dict, found int 3"),
  ]

  @Test(arguments: errors) func `a mistake is named`(_ text: String, _ expected: String) {
    do {
      _ = try Self.rules(text)
      Issue.record("must throw")
    } catch {
      #expect("\(error)".contains(expected), "\(error)")
    }
  }
}
