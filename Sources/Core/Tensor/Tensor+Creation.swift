extension Tensor {
  /// A tensor that holds `elements` in row-major order.
  ///
  /// - Precondition: `elements.count` is the product of `shape`.
  public init<Scalar: TensorScalar>(_ elements: [Scalar], shape: [Int]) {
    precondition(
      elements.count == elementCount(of: shape),
      "Tensor: \(shape) holds \(elementCount(of: shape)) elements, found \(elements.count)")
    self.init(uninitialized: shape, dtype: Scalar.dtype)
    elements.withUnsafeBytes { backend.upload($0, to: self) }
  }

  /// A one-axis tensor that holds `elements`.
  public init<Scalar: TensorScalar>(_ elements: [Scalar]) {
    self.init(elements, shape: [elements.count])
  }

  /// A tensor without axes that holds one number.
  public init(_ value: Float) {
    self.init([value], shape: [])
  }

  /// A tensor whose every element is `value`, converted to `dtype`.
  public static func full(_ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu)
    -> Tensor
  {
    let result = Tensor(uninitialized: shape, dtype: dtype, device: device)
    result.backend.fill(result, with: value)
    return result
  }

  public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    full(shape, 0, dtype: dtype, device: device)
  }

  public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    full(shape, 1, dtype: dtype, device: device)
  }

  /// Zeros with the shape, type and layout of `other`.
  public static func zeros(like other: Tensor) -> Tensor {
    let result = Tensor(
      uninitialized: other.shape, strides: Strides.dense(other.shape, like: other.strides),
      dtype: other.dtype,
      device: other.device)
    result.backend.fill(result, with: 0)
    return result
  }

  /// `start`, `start + step`, ... as long as it is before `end`, as `torch.arange` gives it.
  public static func arange(_ start: Double, _ end: Double, step: Double = 1) -> Tensor {
    precondition(step != 0, "Tensor.arange: the step must not be 0")
    let count = max(0, Int(((end - start) / step).rounded(.up)))
    return Tensor((0..<count).map { Float(start + Double($0) * step) })
  }

  /// The elements in row-major order.
  ///
  /// - Precondition: `Scalar` is the host form of `dtype`.
  public func elements<Scalar: TensorScalar>(as type: Scalar.Type) -> [Scalar] {
    precondition(Scalar.dtype == dtype, "Tensor.elements: the tensor holds \(dtype), not \(Scalar.dtype)")
    let source = contiguousDetached()
    return [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
      backend.download(source, to: UnsafeMutableRawBufferPointer(buffer))
      initialized = count
    }
  }

  /// The elements of a `float32` tensor in row-major order.
  public var floats: [Float] { elements(as: Float.self) }

  /// The only element, as a `Float`, whatever the type.
  ///
  /// - Precondition: the tensor has exactly one element.
  public var item: Float {
    precondition(count == 1, "Tensor.item: one element, found shape \(shape)")
    return dtype == .float32 ? floats[0] : withoutGradient { converted(to: .float32).floats[0] }
  }

  /// The same elements without a place in any gradient graph.
  public func detached() -> Tensor {
    Tensor(storage: storage, shape: shape, strides: strides, offset: offset, dtype: dtype)
  }

  /// Row-major and outside any graph; copies only where the layout differs.
  func contiguousDetached() -> Tensor {
    isContiguous ? detached() : backend.copy(detached(), strides: Strides.contiguous(shape))
  }

  /// As `[N, H, W, C]` in memory and outside any graph; copies only where the layout differs.
  func channelsLastDetached() -> Tensor {
    isChannelsLast ? detached() : backend.copy(detached(), strides: Strides.channelsLast(shape))
  }
}
