/// What a device must be able to do: the only way for tensor code to reach memory.
///
/// Backends see tensors without looking at their place in a graph and return tensors without one; shapes have been
/// checked before. One protocol a family of operations keeps the list readable.
protocol Backend: Sendable, MemoryBackend, ElementwiseBackend, ReductionBackend, MatrixBackend, IndexBackend,
  ConvolutionBackend, DeformableBackend, PoolingBackend, NormalizationBackend, SpatialBackend, RegionBackend,
  OptimizerBackend, AttentionBackend
{}

/// Moving elements: between host and device, and between layouts and types.
protocol MemoryBackend {
  /// Fills a dense tensor from host bytes in row-major order of its type.
  func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor)
  /// Writes the elements of a contiguous tensor to host memory.
  func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer)
  /// Sets every element to `value`, converted to the tensor's type.
  func fill(_ tensor: Tensor, with value: Double)
  /// A copy of `tensor` with the given (dense) strides.
  func copy(_ tensor: Tensor, strides: [Int]) -> Tensor
  /// Writes `source` over `target`, of the same shape and type; the layouts may differ.
  func copy(_ source: Tensor, into target: Tensor)
  /// The elements converted to `dtype`, rounded as PyTorch rounds, in the same layout.
  func convert(_ tensor: Tensor, to dtype: DType) -> Tensor
}

/// The backend for the processor's own cores and memory.
struct CPUBackend: Backend {
  static let shared = CPUBackend()
}

extension Tensor {
  /// The first element's address, for CPU backends and host-side loaders only.
  func pointer<Scalar>(_ type: Scalar.Type) -> UnsafeMutablePointer<Scalar> {
    storage.pointer.assumingMemoryBound(to: Scalar.self) + offset
  }
}
