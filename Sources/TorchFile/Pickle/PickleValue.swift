/// Anything that a checkpoint can hold.
public enum PickleValue: Sendable, Equatable {
  case none
  case bool(Bool)
  case int(Int)
  /// An integer beyond 64 bits: two's complement, least significant byte first.
  case bigInteger([UInt8])
  case float(Double)
  case string(String)
  case bytes([UInt8])
  /// A tensor, a parameter, or an array of numpy.
  case tensor(StoredTensor)
  case list([PickleValue])
  case tuple([PickleValue])
  case set([PickleValue])
  case dictionary(PickleDictionary)
  /// A name that the file mentions and that was not looked up: a dtype (`torch.float32`) or a plain container's class.
  case symbol(String)
}

extension PickleValue {
  public var tensor: StoredTensor? { if case .tensor(let value) = self { value } else { nil } }
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var dictionary: PickleDictionary? { if case .dictionary(let value) = self { value } else { nil } }

  /// An integer, or a truth value as 0 or 1, as Python has it.
  public var int: Int? {
    switch self {
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// A float or an integer.
  public var double: Double? {
    if case .float(let value) = self { value } else { int.map(Double.init) }
  }

  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The elements of a list, a tuple or a set.
  public var elements: [PickleValue]? {
    switch self {
    case .list(let values), .tuple(let values), .set(let values): values
    default: nil
    }
  }

  /// The value under a string key; `nil` also for anything but a dictionary.
  public subscript(key: String) -> PickleValue? { dictionary?[key] }

  /// A few words for messages: `a dictionary of 3`.
  public var summary: String {
    switch self {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): "\(value)"
    case .bigInteger(let bytes): "an integer of \(bytes.count) bytes"
    case .float(let value): "\(value)"
    case .string: "a string"
    case .bytes(let bytes): "\(bytes.count) bytes"
    case .tensor(let tensor): "a \(tensor.scalarType) tensor of shape \(tensor.shape)"
    case .list(let values): "a list of \(values.count)"
    case .tuple(let values): "a tuple of \(values.count)"
    case .set(let values): "a set of \(values.count)"
    case .dictionary(let dictionary): "a dictionary of \(dictionary.count)"
    case .symbol(let name): name
    }
  }
}
