/// A value that describes an operation besides the shapes of its operands.
public enum OperationAttribute: Sendable, Equatable {
  case int(Int)
  case ints([Int])
  case double(Double)
  case bool(Bool)
  case string(String)
}
