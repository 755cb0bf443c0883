/// Modules applied one after the other; keys `0`, `1`, ... or given names.
///
/// Mirrors `torch.nn.Sequential`.
public final class Sequential: Module, UnaryModule {
  public let layers: [any UnaryModule]
  private let names: [String]

  public init(_ layers: [any UnaryModule]) {
    self.layers = layers
    names = layers.indices.map(String.init)
  }

  /// Modules with names of their own, as `Sequential(OrderedDict(...))` and `add_module` give them.
  public init(named layers: [(String, any UnaryModule)]) {
    self.layers = layers.map(\.1)
    names = layers.map(\.0)
  }

  public override var listsChildren: Bool { true }
  public override var listedChildren: [(key: String, module: Module)] {
    zip(names, layers).map { ($0, $1 as Module) }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    var x = x
    for layer in layers { x = layer(x) }
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
