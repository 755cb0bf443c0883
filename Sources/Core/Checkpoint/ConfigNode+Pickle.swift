import OrderedCollections
import PyConfig
import TorchFile

// Meta data of checkpoints: the values of a config as Python objects, and back.

extension PickleValue {
  /// The same value as a Python object.
  public init(_ node: ConfigNode) {
    switch node.value {
    case .none: self = .none
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .float(let value): self = .float(value)
    case .string(let value): self = .string(value)
    case .list(let items): self = .list(items.map(PickleValue.init))
    case .tuple(let items): self = .tuple(items.map(PickleValue.init))
    case .dictionary(let dictionary):
      var result = PickleDictionary()
      for (key, value) in dictionary.entries {
        let number = dictionary.integerKeys.contains(key) ? Int(key) : nil
        result[number.map(PickleKey.int) ?? .string(key)] = PickleValue(value)
      }
      self = .dictionary(result)
    }
  }

  /// The same value in terms of the config language; small arrays become lists, what has no form becomes `None`.
  public var configNode: ConfigNode {
    switch self {
    case .none, .bytes: ConfigNode(.none)
    case .bool(let value): ConfigNode(.bool(value))
    case .int(let value): ConfigNode(.int(value))
    case .bigInteger: ConfigNode(.none)
    case .float(let value): ConfigNode(.float(value))
    case .string(let value), .symbol(let value): ConfigNode(.string(value))
    case .tensor(let tensor): tensor.nested
    case .list(let items), .set(let items): ConfigNode(.list(items.map(\.configNode)))
    case .tuple(let items): ConfigNode(.tuple(items.map(\.configNode)))
    case .dictionary(let dictionary): ConfigNode(.dictionary(dictionary.configDictionary))
    }
  }
}

extension PickleDictionary {
  /// Entries with string or integer keys, in terms of the config language.
  public var configDictionary: ConfigDictionary {
    var result = ConfigDictionary()
    for (key, value) in entries {
      switch key {
      case .string(let name): result[name] = value.configNode
      case .int(let number):
        result[String(number)] = value.configNode
        result.integerKeys.insert(String(number))
      case .none, .bool, .float, .bytes, .tuple: continue
      }
    }
    return result
  }
}

extension StoredTensor {
  /// The elements as nested lists (a number for a scalar); `None` for more than a palette's size.
  fileprivate var nested: ConfigNode {
    guard count <= 65536 else { return ConfigNode(.none) }
    let flat: [ConfigNode] =
      asInt64().map { $0.map { ConfigNode(.int(Int($0))) } } ?? asFloat64().map { ConfigNode(.float($0)) }
    func build(_ axis: Int, _ range: Range<Int>) -> ConfigNode {
      guard axis < shape.count else { return flat[range.lowerBound] }
      let step = shape[axis] == 0 ? 0 : range.count / shape[axis]
      return ConfigNode(
        .list(
          (0..<shape[axis]).map { index in
            build(axis + 1, range.lowerBound + index * step..<range.lowerBound + (index + 1) * step)
          }))
    }
    return build(0, 0..<flat.count)
  }
}
