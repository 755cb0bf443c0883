import TorchFile

extension StoredTensor {
  /// A copy of a tensor, in row-major order.
  public init(_ tensor: Tensor) {
    let source = tensor.contiguousDetached()
    let bytes = [UInt8](unsafeUninitializedCapacity: source.count * source.dtype.size) {
      buffer, initialized in
      source.backend.download(source, to: UnsafeMutableRawBufferPointer(buffer))
      initialized = source.count * source.dtype.size
    }
    self.init(scalarType: ScalarType(tensor.dtype), shape: tensor.shape, bytes: bytes)
  }
}

extension ScalarType {
  init(_ dtype: DType) {
    switch dtype {
    case .float32: self = .float32
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    case .int64: self = .int64
    case .int32: self = .int32
    case .uint8: self = .uint8
    case .bool: self = .bool
    }
  }
}

extension Tensor {
  /// The numbers of a stored tensor as a tensor of type `dtype`; `nil` if that would turn fractions into whole numbers.
  init?(_ stored: StoredTensor, as dtype: DType) {
    if ScalarType(dtype) == stored.scalarType, Int(littleEndian: 1) == 1 {
      self.init(uninitialized: stored.shape, dtype: dtype)
      stored.bytes.withUnsafeBytes { backend.upload($0, to: self) }
      return
    }
    switch dtype {
    case .float32: self.init(stored.asFloat32(), shape: stored.shape)
    case .float16, .bfloat16:
      self = withoutGradient { Tensor(stored.asFloat32(), shape: stored.shape).converted(to: dtype) }
    case .int64:
      guard let values = stored.asInt64() else { return nil }
      self.init(values, shape: stored.shape)
    case .int32:
      guard let values = stored.asInt64() else { return nil }
      self.init(values.map { Int32(truncatingIfNeeded: $0) }, shape: stored.shape)
    case .uint8:
      guard let values = stored.asInt64() else { return nil }
      self.init(values.map { UInt8(truncatingIfNeeded: $0) }, shape: stored.shape)
    case .bool:
      guard let values = stored.asInt64() else { return nil }
      self.init(values.map { $0 != 0 }, shape: stored.shape)
    }
  }

  /// A stored tensor with its own type, or the nearest wider one that tensors have.
  init(_ stored: StoredTensor) {
    let dtype: DType =
      switch stored.scalarType {
      case .float32, .float64: .float32
      case .float16: .float16
      case .bfloat16: .bfloat16
      case .int64: .int64
      case .int32, .int16, .int8: .int32
      case .uint8: .uint8
      case .bool: .bool
      }
    guard let tensor = Tensor(stored, as: dtype) else {
      preconditionFailure("Tensor: \(stored.scalarType) fits \(dtype)")
    }
    self = tensor
  }
}

extension StoredTensor {
  /// Overwrites a tensor with these numbers, converted to its type; the tensor's storage stays.
  ///
  /// - Precondition: as many elements as the tensor has, of numbers that its type can hold.
  func write(into tensor: Tensor) {
    let target = tensor.detached()
    if ScalarType(target.dtype) == scalarType, target.isContiguous, Int(littleEndian: 1) == 1 {
      target.storage.touch()
      bytes.withUnsafeBytes { target.backend.upload($0, to: target) }
    } else if let converted = Tensor(self, as: target.dtype) {
      target.assignInPlace(converted.reshaped(target.shape))
    }
  }

  /// Whether a tensor of type `dtype` can hold these numbers.
  func fits(_ dtype: DType) -> Bool {
    switch dtype {
    case .float32, .float16, .bfloat16: true
    case .int64, .int32, .uint8, .bool: scalarType == ScalarType(dtype) || asInt64() != nil
    }
  }
}
