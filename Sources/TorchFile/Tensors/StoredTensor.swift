/// A tensor as a file holds it: a type, a shape, and contiguous row-major little-endian bytes.
///
/// Copies share their bytes until one is changed.
public struct StoredTensor: Sendable, Equatable {
  public let scalarType: ScalarType
  /// Empty for a scalar.
  public let shape: [Int]
  /// `count * scalarType.size` bytes.
  public let bytes: [UInt8]

  /// - Precondition: `bytes` holds exactly the elements that `shape` counts.
  public init(scalarType: ScalarType, shape: [Int], bytes: [UInt8]) {
    guard let layout = TensorLayout.byteCount(shape: shape, size: scalarType.size), layout == bytes.count
    else {
      preconditionFailure(
        "StoredTensor.init: \(scalarType) of shape \(shape) must match its bytes, found \(bytes.count)")
    }
    (self.scalarType, self.shape, self.bytes) = (scalarType, shape, bytes)
  }

  public init(float32 values: [Float], shape: [Int]) {
    self.init(scalarType: .float32, shape: shape, bytes: littleEndianBytes(values.map(\.bitPattern)))
  }

  public init(float64 values: [Double], shape: [Int]) {
    self.init(scalarType: .float64, shape: shape, bytes: littleEndianBytes(values.map(\.bitPattern)))
  }

  public init(int64 values: [Int64], shape: [Int]) {
    self.init(scalarType: .int64, shape: shape, bytes: littleEndianBytes(values))
  }

  public init(int32 values: [Int32], shape: [Int]) {
    self.init(scalarType: .int32, shape: shape, bytes: littleEndianBytes(values))
  }

  public init(uint8 values: [UInt8], shape: [Int]) {
    self.init(scalarType: .uint8, shape: shape, bytes: values)
  }

  public init(bool values: [Bool], shape: [Int]) {
    self.init(scalarType: .bool, shape: shape, bytes: values.map { $0 ? 1 : 0 })
  }

  /// A scalar.
  public init(_ value: Float) { self.init(float32: [value], shape: []) }
  /// A scalar.
  public init(_ value: Int) { self.init(int64: [Int64(value)], shape: []) }

  /// The number of elements.
  public var count: Int { bytes.count / scalarType.size }
}

/// The bytes of integers, least significant first.
func littleEndianBytes<T: FixedWidthInteger>(_ values: [T]) -> [UInt8] {
  let ordered = T(1).littleEndian == T(1) ? values : values.map(\.littleEndian)
  return ordered.withUnsafeBytes { [UInt8]($0) }
}
