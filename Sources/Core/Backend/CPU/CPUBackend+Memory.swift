import CKernels
import Glibc

extension CPUBackend: MemoryBackend {
  func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) {
    guard let source = bytes.baseAddress else { return }
    memcpy(tensor.bytes, source, bytes.count)
  }

  func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) {
    guard let target = bytes.baseAddress, tensor.count > 0 else { return }
    memcpy(target, tensor.bytes, tensor.count * tensor.dtype.size)
  }

  func fill(_ tensor: Tensor, with value: Double) {
    precondition(tensor.isDense, "Tensor.fill: a dense tensor")
    let count = tensor.count
    tensor.storage.touch()
    switch tensor.dtype {
    case .float32: mm_fill(count, Float(value), tensor.pointer(Float.self))
    case .int64: tensor.pointer(Int64.self).update(repeating: Int64(value), count: count)
    case .int32: tensor.pointer(Int32.self).update(repeating: Int32(value), count: count)
    case .uint8: tensor.pointer(UInt8.self).update(repeating: UInt8(value), count: count)
    case .bool: tensor.pointer(UInt8.self).update(repeating: value != 0 ? 1 : 0, count: count)
    case .float16, .bfloat16:
      let one = convert(Tensor([Float(value)]), to: tensor.dtype)
      tensor.pointer(UInt16.self).update(repeating: one.pointer(UInt16.self).pointee, count: count)
    }
  }

  func copy(_ tensor: Tensor, strides: [Int]) -> Tensor {
    let result = Tensor(uninitialized: tensor.shape, strides: strides, dtype: tensor.dtype)
    write(tensor, into: result)
    return result
  }

  func copy(_ source: Tensor, into target: Tensor) {
    target.storage.touch()
    write(source, into: target)
  }

  private func write(_ source: Tensor, into target: Tensor) {
    guard source.count > 0 else { return }
    let size = source.dtype.size
    if source.strides == target.strides, source.isDense {
      memcpy(target.bytes, source.bytes, source.count * size)
      return
    }
    let plan = LoopPlan(
      shape: source.shape, orderedBy: target.strides, strides: [source.strides, target.strides])
    mm_strided_copy(
      Int32(size), plan.rank, plan.shape, plan.strides[0], source.bytes, plan.strides[1], target.bytes)
  }

  func convert(_ tensor: Tensor, to dtype: DType) -> Tensor {
    let source = tensor.isDense ? tensor : copy(tensor, strides: Strides.contiguous(tensor.shape))
    let result = Tensor(uninitialized: source.shape, strides: source.strides, dtype: dtype)
    if source.count > 0 {
      mm_convert(source.count, source.dtype.kernelType, source.bytes, dtype.kernelType, result.bytes)
    }
    return result
  }
}

extension Tensor {
  /// The first element's address, whatever the type.
  var bytes: UnsafeMutableRawPointer { storage.pointer + offset * dtype.size }
}

extension DType {
  var kernelType: mm_dtype {
    switch self {
    case .float32: MM_DTYPE_F32
    case .float16: MM_DTYPE_F16
    case .bfloat16: MM_DTYPE_BF16
    case .int64: MM_DTYPE_I64
    case .int32: MM_DTYPE_I32
    case .uint8: MM_DTYPE_U8
    case .bool: MM_DTYPE_BOOL
    }
  }
}
