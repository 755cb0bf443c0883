import Glibc

// Whole numbers serve index arithmetic: plain loops do.
extension CPUBackend {
  func integer(_ operation: IntegerOperation, _ a: Tensor, _ b: Tensor) -> Tensor {
    let (a, b) = (copyUnlessContiguous(a), copyUnlessContiguous(b))
    let result = Tensor(uninitialized: a.shape, dtype: .int64)
    let (x, y, z) = (a.pointer(Int64.self), b.pointer(Int64.self), result.pointer(Int64.self))
    let count = result.count
    switch operation {
    case .add: for i in 0..<count { z[i] = x[i] &+ y[i] }
    case .subtract: for i in 0..<count { z[i] = x[i] &- y[i] }
    case .multiply: for i in 0..<count { z[i] = x[i] &* y[i] }
    case .floorDivide: for i in 0..<count { z[i] = floorDivision(x[i], y[i]).quotient }
    case .remainder: for i in 0..<count { z[i] = floorDivision(x[i], y[i]).remainder }
    case .maximum: for i in 0..<count { z[i] = max(x[i], y[i]) }
    case .minimum: for i in 0..<count { z[i] = min(x[i], y[i]) }
    case .and: for i in 0..<count { z[i] = x[i] & y[i] }
    case .or: for i in 0..<count { z[i] = x[i] | y[i] }
    case .xor: for i in 0..<count { z[i] = x[i] ^ y[i] }
    }
    return result
  }

  /// Rounded towards minus infinity, as Python divides.
  private func floorDivision(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
    precondition(b != 0, "Tensor.floorDivided: the divisor must not be 0")
    let (quotient, remainder) = (a.dividedReportingOverflow(by: b).partialValue, b == -1 ? 0 : a % b)
    return remainder != 0 && (remainder < 0) != (b < 0)
      ? (quotient - 1, remainder + b) : (quotient, remainder)
  }

  func compareIntegers(_ comparison: Comparison, _ a: Tensor, _ b: Tensor) -> Tensor {
    let (a, b) = (copyUnlessContiguous(a), copyUnlessContiguous(b))
    let result = Tensor(uninitialized: a.shape, dtype: .bool)
    let (x, y, z) = (a.pointer(Int64.self), b.pointer(Int64.self), result.pointer(UInt8.self))
    let count = result.count
    switch comparison {
    case .equal: for i in 0..<count { z[i] = x[i] == y[i] ? 1 : 0 }
    case .notEqual: for i in 0..<count { z[i] = x[i] != y[i] ? 1 : 0 }
    case .less: for i in 0..<count { z[i] = x[i] < y[i] ? 1 : 0 }
    case .lessOrEqual: for i in 0..<count { z[i] = x[i] <= y[i] ? 1 : 0 }
    case .greater: for i in 0..<count { z[i] = x[i] > y[i] ? 1 : 0 }
    case .greaterOrEqual: for i in 0..<count { z[i] = x[i] >= y[i] ? 1 : 0 }
    }
    return result
  }

  func selectBytes(_ mask: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    let (mask, a, b) = (copyUnlessContiguous(mask), copyUnlessContiguous(a), copyUnlessContiguous(b))
    let result = Tensor(uninitialized: a.shape, dtype: a.dtype)
    let size = a.dtype.size
    let holds = mask.pointer(UInt8.self)
    for i in 0..<result.count {
      memcpy(result.bytes + i * size, (holds[i] != 0 ? a.bytes : b.bytes) + i * size, size)
    }
    return result
  }
}
