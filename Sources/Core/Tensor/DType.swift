/// The type of a tensor's elements, known at run time.
///
/// Arithmetic is done in `float32`; `float16` and `bfloat16` are storage types that are converted on the way in and
/// out; `int64` and `int32` index and count; `uint8` holds pixels; `bool` holds masks (one byte, 0 or 1).
public enum DType: String, Sendable, CaseIterable, CustomStringConvertible {
  case float32, float16, bfloat16, int64, int32, uint8, bool

  /// Bytes an element.
  public var size: Int {
    switch self {
    case .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16: 2
    case .uint8, .bool: 1
    }
  }

  /// Whether gradients may flow through tensors of this type.
  public var isFloatingPoint: Bool {
    switch self {
    case .float32, .float16, .bfloat16: true
    case .int64, .int32, .uint8, .bool: false
    }
  }

  public var description: String { rawValue }
}

/// A Swift type that is the host form of one `DType`.
public protocol TensorScalar: BitwiseCopyable, Sendable {
  static var dtype: DType { get }
}

extension Float: TensorScalar {
  public static var dtype: DType { .float32 }
}
extension Int64: TensorScalar {
  public static var dtype: DType { .int64 }
}
extension Int32: TensorScalar {
  public static var dtype: DType { .int32 }
}
extension UInt8: TensorScalar {
  public static var dtype: DType { .uint8 }
}
extension Bool: TensorScalar {
  public static var dtype: DType { .bool }
}
