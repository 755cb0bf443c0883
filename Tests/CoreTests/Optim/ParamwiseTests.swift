@testable import Core
import OrderedCollections
import PyConfig
import Testing
import TorchFile

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
      if let rules = node["paramwise_cfg"], rules.dictionary?.isEmpty == false {
        config["paramwise_cfg"] = rules
      }
      let optimizer = try buildOptimizer(config, for: model, context: context)
      let names = Dictionary(
        uniqueKeysWithValues: model.namedParameters.map { (ObjectIdentifier($0.parameter), $0.key) })
      let expected = try #require(node["groups"]?.items)
      #expect(optimizer.groups.count == expected.count, "case \(index)")
      for (group, row) in zip(optimizer.groups, expected) {
        let row = row.items ?? []
        #expect(
          group.parameters.map { names[ObjectIdentifier($0)] } == row[0].items?.map(\.string), "case \(index)"
        )
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
    #expect(
      message(typo).contains(
        "optimizer.paramwise_cfg: unknown key 'bias_lr_mul'; did you mean 'bias_lr_mult'?"))
    let noDecay: ConfigNode = ["type": "SGD", "lr": 0.1, "paramwise_cfg": ["norm_decay_mult": 0.0]]
    #expect(message(noDecay).contains("need an explicit weight_decay"))
    let noRate: ConfigNode = ["type": "Adam", "paramwise_cfg": ["bypass_duplicate": true]]
    #expect(message(noRate).contains("need an explicit lr"))
    var constructor = base
    constructor["constructor"] = "DefaultOptimizerConstruktor"
    #expect(message(constructor).contains("did you mean 'DefaultOptimizerConstructor'?"))
  }

  /// A module whose children and parameters have given keys.
  class Tree: Module {
    let trees: [(key: String, module: Module)]

    init(_ keys: [String]) {
      var groups: [(key: String, rest: [String])] = []
      for key in keys {
        let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { continue }
        if let index = groups.firstIndex(where: { $0.key == parts[0] }) {
          groups[index].rest.append(parts[1])
        } else {
          groups.append((parts[0], [parts[1]]))
        }
      }
      trees = groups.map { key, rest in
        let leaves = rest.filter { !$0.contains(".") }
        return (key, leaves.isEmpty ? Tree(rest) : Leaf(leaves))
      }
    }

    override var listsChildren: Bool { true }
    override var listedChildren: [(key: String, module: Module)] { trees }
  }

  /// Parameters under given keys: two axes for those named weight.
  final class Leaf: Module {
    @Named var first: Parameter
    @Named var second: Parameter?

    init(_ keys: [String]) {
      func make(_ name: String) -> Parameter {
        Parameter(Tensor([Float(0)], shape: name == "weight" ? [1, 1] : [1]))
      }
      _first = Named(keys[0], make(keys[0]))
      _second = Named(keys.count > 1 ? keys[1] : "", keys.count > 1 ? make(keys[1]) : nil)
    }
  }

  final class ConvNeXtTree: Tree {}
  final class BEiTTree: Tree {}
  final class Whole: Module {
    let backbone: Tree
    let rest: Tree
    init(_ backbone: Tree, _ rest: Tree) { (self.backbone, self.rest) = (backbone, rest) }
    override var listsChildren: Bool { true }
    override var listedChildren: [(key: String, module: Module)] { [("backbone", backbone)] + rest.trees }
  }

  @Test func `layer-wise learning rates equal mmseg's`() throws {
    let cases = try #require(try Golden.json("optim/layer_decay.json").items)
    #expect(cases.count == 3)
    for node in cases {
      let keys = node["keys"]?.items?.compactMap(\.string) ?? []
      let inside = keys.filter { $0.hasPrefix("backbone.") }.map { String($0.dropFirst(9)) }
      let backbone = node["backbone"]?.string == "BEiT" ? BEiTTree(inside) : ConvNeXtTree(inside)
      // Parameters of the backbone itself (cls_token) go by their keys alone, which a tree does not hold.
      let model = Whole(backbone, Tree(keys.filter { !$0.hasPrefix("backbone.") }))
      var config: ConfigNode = ["type": "AdamW", "lr": 1e-4, "weight_decay": 0.05]
      config["constructor"] = "LearningRateDecayOptimizerConstructor"
      config["paramwise_cfg"] = node["paramwise_cfg"]
      let optimizer = try buildOptimizer(config, for: model, context: runtimeContext())
      let names = Dictionary(
        uniqueKeysWithValues: model.namedParameters.map { (ObjectIdentifier($0.parameter), $0.key) })
      let known = Set(names.values)
      var actual: [String: (Double, Double, String?)] = [:]
      for group in optimizer.groups {
        for parameter in group.parameters {
          let name = names[ObjectIdentifier(parameter)] ?? ""
          actual[name] = (group.learningRate, group.weightDecay, group.extra["group_name"]?.string)
        }
      }
      var count = 0
      for row in node["groups"]?.items ?? [] {
        let row = row.items ?? []
        for name in row[0].items?.compactMap(\.string) ?? [] where known.contains(name) {
          count += 1
          let found = try #require(actual[name], "\(name)")
          #expect(abs(found.0 - (row[1].double ?? 0)) <= 1e-18, "\(name)")
          #expect(found.1 == row[2].double && found.2 == row[3].string, "\(name)")
        }
      }
      #expect(count == known.count && count >= 8)
    }
  }
}
