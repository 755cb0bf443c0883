@testable import Core
import PyConfig
import Testing

/// Values: Fixtures/optim/make.py (mmcv 1.7.2).
@Suite struct ParamwiseTests {
  class Layer: Module {
    let weight = Parameter(Tensor([Float(0)]))
    let bias = Parameter(Tensor([Float(0)]))
  }
  final class Linear: Layer {}
  final class Norm: Layer, NormalizationLayer {}
  final class Convolution: Layer, Convolution2dLayer {
    let inChannels: Int
    let groups: Int
    init(_ inChannels: Int, groups: Int = 1) { (self.inChannels, self.groups) = (inChannels, groups) }
  }
  final class Deformable: Module, DeformableConvolutionLayer {
    let weight = Parameter(Tensor([Float(0)]))
    let convOffset = Convolution(8)
  }
  final class Block: Module {
    let posEmbed = Parameter(Tensor([Float(0)]))
    let conv = Convolution(4)
    let bn = Norm()
    let dwconv = Convolution(8, groups: 8)
    let ln = Norm()
    let dcn = Deformable()
    let fc = Linear()
  }
  final class Model: Module {
    let backbone = Block()
    let frozen = Linear()
    let head: Linear
    let shared: Linear
    override init() {
      head = Linear()
      shared = head
      super.init()
      frozen.setRequiresGradient(false)
    }
  }

  @Test func `groups equal mmcv's`() throws {
    let context = runtimeContext()
    let cases = try #require(try Golden.json("optim/paramwise.json").items)
    #expect(cases.count == 6)
    for (index, node) in cases.enumerated() {
      let model = Model()
      var config: ConfigNode = ["type": "SGD", "lr": 0.1, "weight_decay": 0.01]
      if let rules = node["paramwise_cfg"], rules.dictionary?.isEmpty == false { config["paramwise_cfg"] = rules }
      let optimizer = try buildOptimizer(config, for: model, context: context)
      let names = Dictionary(uniqueKeysWithValues: model.namedParameters.map { (ObjectIdentifier($0.parameter), $0.key) })
      let expected = try #require(node["groups"]?.items)
      #expect(optimizer.groups.count == expected.count, "case \(index)")
      for (group, row) in zip(optimizer.groups, expected) {
        let row = row.items ?? []
        #expect(group.parameters.map { names[ObjectIdentifier($0)] } == row[0].items?.map(\.string), "case \(index)")
        #expect(group.learningRate == row[1].double, "case \(index) \(row[0])")
        #expect(group.weightDecay == row[2].double, "case \(index) \(row[0])")
      }
    }
  }

  /// One layer in two places.
  final class Twice: Module {
    final class Box: Module {
      let layer: Layer
      init(_ layer: Layer) { self.layer = layer }
    }
    let a: Box
    let b: Box
    override init() {
      let layer = Layer()
      (a, b) = (Box(layer), Box(layer))
    }
  }

  private func message(_ node: ConfigNode, _ model: Module = Model()) -> String {
    do {
      _ = try buildOptimizer(node, for: model, context: runtimeContext())
      return ""
    } catch { return "\(error)" }
  }

  @Test func `mistakes are named`() {
    let base: ConfigNode = ["type": "SGD", "lr": 0.1, "weight_decay": 0.01]
    var shared = base
    shared["paramwise_cfg"] = ["bias_lr_mult": 2.0]
    #expect(message(shared, Twice()).contains("set bypass_duplicate=True"))
    shared["paramwise_cfg"] = ["bias_lr_mult": 2.0, "bypass_duplicate": true]
    #expect(message(shared, Twice()) == "")
    var typo = base
    typo["paramwise_cfg"] = ["bias_lr_mul": 2.0]
    #expect(message(typo).contains("optimizer.paramwise_cfg: unknown key 'bias_lr_mul'; did you mean 'bias_lr_mult'?"))
    let noDecay: ConfigNode = ["type": "SGD", "lr": 0.1, "paramwise_cfg": ["norm_decay_mult": 0.0]]
    #expect(message(noDecay).contains("need an explicit weight_decay"))
    let noRate: ConfigNode = ["type": "Adam", "paramwise_cfg": ["bypass_duplicate": true]]
    #expect(message(noRate).contains("need an explicit lr"))
    var constructor = base
    constructor["constructor"] = "DefaultOptimizerConstruktor"
    #expect(message(constructor).contains("did you mean 'DefaultOptimizerConstructor'?"))
  }
}
