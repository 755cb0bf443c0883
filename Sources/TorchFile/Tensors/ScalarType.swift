/// The element types that checkpoint files and this package share.
public enum ScalarType: String, Sendable, CaseIterable {
  case float32
  case float64
  case float16
  case bfloat16
  case int64
  case int32
  case int16
  case int8
  case uint8
  case bool

  /// Bytes per element.
  public var size: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16, .int16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  public var isFloatingPoint: Bool {
    switch self {
    case .float32, .float64, .float16, .bfloat16: true
    case .int64, .int32, .int16, .int8, .uint8, .bool: false
    }
  }

  /// The class of the storage in PyTorch files, without its module: `FloatStorage`.
  public var storageName: String {
    switch self {
    case .float32: "FloatStorage"
    case .float64: "DoubleStorage"
    case .float16: "HalfStorage"
    case .bfloat16: "BFloat16Storage"
    case .int64: "LongStorage"
    case .int32: "IntStorage"
    case .int16: "ShortStorage"
    case .int8: "CharStorage"
    case .uint8: "ByteStorage"
    case .bool: "BoolStorage"
    }
  }

  /// The name in `.safetensors` headers: `F32`.
  public var safeTensorsName: String {
    switch self {
    case .float32: "F32"
    case .float64: "F64"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .int64: "I64"
    case .int32: "I32"
    case .int16: "I16"
    case .int8: "I8"
    case .uint8: "U8"
    case .bool: "BOOL"
    }
  }

  /// The type whose PyTorch storage class has this name.
  public init?(storageName: String) {
    guard let match = Self.allCases.first(where: { $0.storageName == storageName }) else { return nil }
    self = match
  }

  /// The type with this name in `.safetensors` headers.
  public init?(safeTensorsName: String) {
    guard let match = Self.allCases.first(where: { $0.safeTensorsName == safeTensorsName }) else {
      return nil
    }
    self = match
  }
}
