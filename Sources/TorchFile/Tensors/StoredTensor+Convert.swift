extension StoredTensor {
  /// The elements as `Float`, rounded to nearest where the type is wider; `true` is 1.
  public func asFloat32() -> [Float] {
    switch scalarType {
    case .float32: elements(UInt32.self) { Float(bitPattern: $0) }
    case .float64: elements(UInt64.self) { Float(Double(bitPattern: $0)) }
    case .float16: elements(UInt16.self) { float(half: $0) }
    case .bfloat16: elements(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .int64: elements(Int64.self) { Float($0) }
    case .int32: elements(Int32.self) { Float($0) }
    case .int16: elements(Int16.self) { Float($0) }
    case .int8: elements(Int8.self) { Float($0) }
    case .uint8: elements(UInt8.self) { Float($0) }
    case .bool: elements(UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }

  /// The elements as `Double`; exact but for large `int64` values.
  public func asFloat64() -> [Double] {
    switch scalarType {
    case .float64: elements(UInt64.self) { Double(bitPattern: $0) }
    case .int64: elements(Int64.self) { Double($0) }
    case .float32, .float16, .bfloat16, .int32, .int16, .int8, .uint8, .bool:
      scalarType == .int32 ? elements(Int32.self) { Double($0) } : asFloat32().map(Double.init)
    }
  }

  /// The elements as `Int64`; `nil` for the floating-point types.
  public func asInt64() -> [Int64]? {
    switch scalarType {
    case .int64: elements(Int64.self) { $0 }
    case .int32: elements(Int32.self) { Int64($0) }
    case .int16: elements(Int16.self) { Int64($0) }
    case .int8: elements(Int8.self) { Int64($0) }
    case .uint8: elements(UInt8.self) { Int64($0) }
    case .bool: elements(UInt8.self) { $0 == 0 ? 0 : 1 }
    case .float32, .float64, .float16, .bfloat16: nil
    }
  }

  @inline(__always)
  private func elements<Raw: FixedWidthInteger, Value>(_: Raw.Type, _ convert: (Raw) -> Value) -> [Value] {
    let count = self.count
    return bytes.withUnsafeBytes { source in
      [Value](unsafeUninitializedCapacity: count) { target, initialized in
        for i in 0..<count {
          let raw = source.loadUnaligned(fromByteOffset: i * MemoryLayout<Raw>.size, as: Raw.self)
          target.initializeElement(at: i, to: convert(Raw(littleEndian: raw)))
        }
        initialized = count
      }
    }
  }
}

/// The value of an IEEE 754 half, exactly.
@inline(__always)
private func float(half bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let exponent = UInt32(bits >> 10) & 0x1f
  let fraction = UInt32(bits & 0x3ff)
  switch exponent {
  case 0:
    let magnitude = Float(fraction) * 0x1p-24
    return Float(bitPattern: magnitude.bitPattern | sign)
  case 0x1f: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
  default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
  }
}
