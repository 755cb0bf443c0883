import OrderedCollections

/// A layer or model: a class whose stored properties are its parameters, buffers and children.
///
/// They are found by reflection over plain `let` (or `@Named var`) properties of the types `Parameter`, `Buffer`,
/// `Module`, optionals of these, and `Sequential`/`ModuleList`. A property's key is its label in snake case
/// (`runningMean` → `running_mean`) or the key of its `@Named` wrapper. Keys and their order are those of the
/// PyTorch module of the same name, so properties must be declared in the order of registration there.
open class Module {
  /// Whether the module behaves as in training (dropout active, batch statistics). Set it with `train(_:)`.
  public internal(set) var isTraining = true
  private var cachedMembers: Members?

  public init() {}

  /// Switches this module and all below it between training and evaluation.
  ///
  /// Models that keep parts frozen override this, call `super` and set those parts back.
  open func train(_ isTraining: Bool = true) {
    self.isTraining = isTraining
    for (_, child) in members.children { child.train(isTraining) }
  }

  /// Puts parameters and buffers at the values from which training starts; children first where a module has its own
  /// rule. The default passes the call on.
  open func initializeWeights(using generator: inout RandomGenerator) {
    for (_, child) in members.children { child.initializeWeights(using: &generator) }
  }

  /// Children under keys that reflection cannot know; `Sequential` and `ModuleList` override it.
  open var listedChildren: [(key: String, module: Module)] { [] }
  /// Whether `listedChildren` is the whole truth and properties are not looked at.
  open var listsChildren: Bool { false }
}

/// A module from one tensor to one tensor.
public protocol UnaryModule: Module {
  func callAsFunction(_ x: Tensor) -> Tensor
}

// MARK: - Members

extension Module {
  /// What reflection finds directly in a module.
  struct Members {
    var parameters: [(key: String, parameter: Parameter)] = []
    var buffers: [(key: String, buffer: Buffer)] = []
    var children: [(key: String, module: Module)] = []
  }

  /// Found once: the properties are constants.
  var members: Members {
    if let cachedMembers { return cachedMembers }
    var found = Members()
    var mirrors: [Mirror] = []
    var mirror: Mirror? = Mirror(reflecting: self)
    while let current = mirror, current.subjectType != Module.self {
      mirrors.append(current)
      mirror = current.superclassMirror
    }
    for mirror in mirrors.reversed() {
      for (label, value) in mirror.children {
        guard let label, label != "cachedMembers" else { continue }
        precondition(
          !label.hasPrefix("$__lazy_storage_"),
          "\(type(of: self)).\(label): a module's properties must not be lazy")
        if let named = value as? any AnyNamed {
          found.add(named.content, key: named.key, owner: self)
        } else if !listsChildren {
          found.add(value, key: snakeCase(label), owner: self)
        }
      }
    }
    for (key, module) in listedChildren { found.children.append((key, module)) }
    cachedMembers = found
    return found
  }

  /// Forgets what reflection found; only for modules whose children are replaced after construction.
  public func membersChanged() { cachedMembers = nil }
}

extension Module.Members {
  fileprivate mutating func add(_ value: Any, key: String, owner: Module) {
    switch value {
    case let parameter as Parameter: parameters.append((key, parameter))
    case let buffer as Buffer: buffers.append((key, buffer))
    case let module as Module: children.append((key, module))
    default:
      let mirror = Mirror(reflecting: value)
      if mirror.displayStyle == .optional {
        if let content = mirror.children.first?.value { add(content, key: key, owner: owner) }
      } else {
        precondition(
          !Self.hidesModule(mirror),
          "\(type(of: owner)).\(key): modules in collections must be in a Sequential or ModuleList")
      }
    }
  }

  /// Whether a module, parameter or buffer sits in a collection, tuple, structure or enumeration, where it would not be
  /// found. Looks at the first elements, a few levels deep.
  private static func hidesModule(_ mirror: Mirror, depth: Int = 0) -> Bool {
    guard depth < 4, mirror.displayStyle != .class, mirror.subjectType != Tensor.self else { return false }
    return mirror.children.prefix(16).contains { _, value in
      value is Module || value is Parameter || value is Buffer
        || hidesModule(Mirror(reflecting: value), depth: depth + 1)
    }
  }
}

/// `runningMean` → `running_mean`, `layer1` → `layer1`, `convA1x1` → `conv_a1x1`; a leading `_` of a wrapper goes.
func snakeCase(_ label: String) -> String {
  var result = ""
  for character in label.drop(while: { $0 == "_" }) {
    if character.isUppercase {
      if !result.isEmpty { result.append("_") }
      result.append(character.lowercased())
    } else {
      result.append(character)
    }
  }
  return result
}
