import OrderedCollections
import Testing

@testable import Core

private final class Norm: Module, UnaryModule {
  let weight: Parameter
  let bias: Parameter
  let runningMean: Buffer
  let scratch: Buffer
  init(_ count: Int) {
    weight = Parameter(.ones([count]))
    bias = Parameter(.zeros([count]))
    runningMean = Buffer(.zeros([count]))
    scratch = Buffer(.zeros([count]), isPersistent: false)
  }
  func callAsFunction(_ x: Tensor) -> Tensor { x * weight.value + bias.value }
}

private class Base: Module {
  let stem: Linear
  init(width: Int) { stem = Linear(2, width) }
}

private final class Network: Base {
  // Children first: a module's own parameters come before them all the same.
  let blocks: ModuleList<Linear>
  @Named var norm1: any UnaryModule
  let downSample: Sequential?
  let missing: Linear?
  let clsToken: Parameter
  let relPosTable: Parameter?

  init() {
    blocks = ModuleList([Linear(3, 3, bias: false), Linear(3, 3, bias: false)])
    _norm1 = Named("bn1", Norm(3))
    downSample = Sequential([ReLU(), Linear(3, 1)])
    missing = nil
    clsToken = Parameter(.zeros([1]))
    relPosTable = Parameter(.zeros([2]))
    super.init(width: 3)
  }
}

private final class Tied: Module {
  let first: Linear
  let second: Linear
  init(_ shared: Linear) { (first, second) = (shared, shared) }
}

private final class Hidden: Module {
  let layers: [[Linear]]
  override init() {
    layers = [[Linear(1, 1)]]
    super.init()
  }
}

private final class Lazy: Module {
  lazy var layer = Linear(1, 1)
}

private final class Frozen: Module {
  let stem = Linear(1, 1)
  let head = Sequential(named: [("fc", Linear(1, 1)), ("act", ReLU())])
  override func train(_ isTraining: Bool = true) {
    super.train(isTraining)
    stem.train(false)
  }
}

@Suite struct ModuleTests {
  @Test func `keys and their order are PyTorch's`() {
    #expect(
      Array(Network().state.keys) == [
        "cls_token", "rel_pos_table", "stem.weight", "stem.bias", "blocks.0.weight", "blocks.1.weight",
        "bn1.weight",
        "bn1.bias", "bn1.running_mean", "down_sample.1.weight", "down_sample.1.bias",
      ])
    #expect(Network().namedBuffers.map(\.key) == ["bn1.running_mean", "bn1.scratch"])
    #expect(Network().parameterCount == 1 + 2 + 9 + 18 + 6 + 4)
  }

  @Test func `shared parts have all their keys and count once`() {
    let tied = Tied(Linear(2, 2))
    #expect(Array(tied.state.keys) == ["first.weight", "first.bias", "second.weight", "second.bias"])
    #expect(tied.namedParameters.map(\.key) == ["first.weight", "first.bias"])
  }

  @Test func `named children keep their names`() {
    #expect(Array(Frozen().state.keys) == ["stem.weight", "stem.bias", "head.fc.weight", "head.fc.bias"])
    #expect(Frozen().namedModules.map(\.key) == ["", "stem", "head", "head.fc", "head.act"])
  }

  @Test func `training mode passes down and can be kept from parts`() {
    let model = Frozen()
    model.train()
    #expect(model.isTraining && !model.stem.isTraining && model.head[0].isTraining)
    model.train(false)
    #expect(!model.isTraining && !model.head[0].isTraining)
  }

  @Test func `modules that reflection cannot see trap`() async {
    await #expect(processExitsWith: .failure) { _ = Hidden().state }
    await #expect(processExitsWith: .failure) { _ = Lazy().state }
  }

  @Test func `values are assigned in place and gradients are dropped on freezing`() {
    let layer = Linear(2, 1)
    let view = layer.weight.value.detached()
    layer.weight.assign(Tensor([1, 2] as [Float], shape: [1, 2]))
    #expect(view.floats == [1, 2])
    layer(Tensor([3, 4] as [Float], shape: [1, 2])).sum().backward()
    #expect(layer.weight.gradient?.floats == [3, 4])
    #expect(layer.bias?.gradient?.floats == [1])
    layer.setRequiresGradient(false)
    #expect(layer.weight.gradient == nil && !layer(Tensor.ones([1, 2])).requiresGradient)
    layer.setRequiresGradient(true)
    layer(Tensor.ones([1, 2])).sum().backward()
    layer.clearGradients()
    #expect(layer.parameters.allSatisfy { $0.gradient == nil })
  }

  @Test(arguments: [
    ("runningMean", "running_mean"), ("layer1", "layer1"), ("rpnHead", "rpn_head"), ("convA1x1", "conv_a1x1"),
    ("_weight", "weight"),
  ])
  func `labels become keys`(_ label: String, _ key: String) {
    #expect(snakeCase(label) == key)
  }
}
