/// Modules applied one after the other; keys `0`, `1`, ... or given names.
///
/// Mirrors `torch.nn.Sequential`.
public final class Sequential: Module, UnaryModule {
  public let layers: [any UnaryModule]
  private let names: [String]
  private let steps: [Step]

  /// What is computed in one go: a convolution takes the normalisation and the activation behind it along.
  private enum Step {
    case layer(any UnaryModule)
    case convolution(Conv2d, norm: (any NormLayer)?, FusedActivation)

    static func plan(_ layers: [any UnaryModule]) -> [Step] {
      var steps: [Step] = []
      var rest = layers[...]
      while let first = rest.popFirst() {
        guard let conv = first as? Conv2d else {
          steps.append(.layer(first))
          continue
        }
        let norm = rest.first as? any NormLayer
        if norm != nil { rest.removeFirst() }
        let activation = rest.first.flatMap(fused)
        if activation != nil { rest.removeFirst() }
        steps.append(.convolution(conv, norm: norm, activation ?? .none))
      }
      return steps
    }

    private static func fused(_ layer: any UnaryModule) -> FusedActivation? {
      layer is ReLU ? .relu : (layer as? Activation).flatMap { FusedActivation($0.operation) }
    }
  }

  public init(_ layers: [any UnaryModule]) {
    self.layers = layers
    names = layers.indices.map(String.init)
    steps = Step.plan(layers)
  }

  /// Modules with names of their own, as `Sequential(OrderedDict(...))` and `add_module` give them.
  public init(named layers: [(String, any UnaryModule)]) {
    self.layers = layers.map(\.1)
    names = layers.map(\.0)
    steps = Step.plan(self.layers)
  }

  public override var listsChildren: Bool { true }
  public override var listedChildren: [(key: String, module: Module)] {
    zip(names, layers).map { ($0, $1 as Module) }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    var x = x
    for step in steps {
      switch step {
      case .layer(let layer): x = layer(x)
      case .convolution(let conv, let norm, let activation): x = conv(x, norm: norm, activation: activation)
      }
    }
    return x
  }

  public var count: Int { layers.count }
  public subscript(index: Int) -> any UnaryModule { layers[index] }
}

/// A list of modules without a rule to apply them; keys `0`, `1`, ...
///
/// Mirrors `torch.nn.ModuleList`.
public final class ModuleList<Element: Module>: Module, RandomAccessCollection {
  public let modules: [Element]

  public init(_ modules: [Element]) {
    self.modules = modules
  }

  public override var listsChildren: Bool { true }
  public override var listedChildren: [(key: String, module: Module)] {
    modules.enumerated().map { (String($0), $1) }
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { modules.count }
  public subscript(index: Int) -> Element { modules[index] }
}
