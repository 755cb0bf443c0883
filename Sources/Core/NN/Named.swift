/// Gives a module, parameter or buffer a key that is known only at run time.
///
/// mmcv names a normalisation layer after its type (`bn1`, `gn1`):
/// ```swift
/// @Named var norm1: any UnaryModule
/// init(…) { _norm1 = Named("bn1", BatchNorm2d(64)) }
/// ```
@propertyWrapper
public struct Named<Value> {
  /// The key in the state dict, used as it is.
  public let key: String
  public let wrappedValue: Value

  public init(_ key: String, _ value: Value) {
    (self.key, wrappedValue) = (key, value)
  }
}

/// What the reflection over modules asks of `Named`.
protocol AnyNamed {
  var key: String { get }
  var content: Any { get }
}

extension Named: AnyNamed {
  var content: Any { wrappedValue }
}
