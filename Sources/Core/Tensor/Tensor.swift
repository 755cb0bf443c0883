/// A multi-dimensional array with an optional place in a gradient graph.
///
/// Axes are logical and follow PyTorch (`[N, C, H, W]`, weights `[O, I/g, kH, kW]`); `strides` say where the elements
/// lie. Convolutions, pooling and normalisation produce and like tensors whose channels lie innermost
/// (`isChannelsLast`), elementwise operations keep the layout of their operands.
///
/// Copies and views share storage. Nothing changes a tensor's elements but operations named `...InPlace`.
/// A tensor belongs to one thread; plain arrays and `Image`s cross threads.
public struct Tensor {
  public private(set) var storage: Storage
  public let shape: [Int]
  /// Distance in elements between neighbours along each axis.
  public let strides: [Int]
  /// Index in the storage of the first element.
  public let offset: Int
  public let dtype: DType
  /// Where a gradient with respect to this tensor goes, if one is wanted.
  var edge: GradientEdge?

  init(
    storage: Storage, shape: [Int], strides: [Int], offset: Int = 0, dtype: DType, edge: GradientEdge? = nil
  ) {
    (self.storage, self.shape, self.strides, self.offset) = (storage, shape, strides, offset)
    (self.dtype, self.edge) = (dtype, edge)
  }

  /// A new tensor with undefined elements, row-major unless `strides` are given.
  init(uninitialized shape: [Int], strides: [Int]? = nil, dtype: DType = .float32, device: Device = .cpu) {
    let count = elementCount(of: shape)
    self.init(
      storage: Storage(byteCount: count * dtype.size, device: device), shape: shape,
      strides: strides ?? Strides.contiguous(shape), dtype: dtype)
  }

  public var device: Device { storage.device }
  var backend: any Backend { storage.device.backend }
  public var rank: Int { shape.count }
  /// Number of elements.
  public var count: Int { elementCount(of: shape) }
  /// Whether the elements lie in row-major order without gaps.
  public var isContiguous: Bool { Strides.agree(strides, Strides.contiguous(shape), shape: shape) }
  /// Whether this is a four-axis tensor that lies as `[N, H, W, C]`.
  public var isChannelsLast: Bool {
    rank == 4 && Strides.agree(strides, Strides.channelsLast(shape), shape: shape)
  }
  /// Whether the elements fill one block of memory, in any order of the axes.
  public var isDense: Bool { Strides.isDense(shape, strides) }

  /// Whether no other tensor looks at the storage, so that nobody sees when it changes.
  mutating func isOnlyOwner() -> Bool { isKnownUniquelyReferenced(&storage) }

  /// The index of an axis given as `0..<rank` or, from the end, as `-rank..<0`.
  func axis(_ axis: Int, _ operation: StaticString) -> Int {
    precondition(
      axis >= -rank && axis < rank, "\(operation): the axis must lie in \(-rank)..<\(rank), found \(axis)")
    return axis < 0 ? axis + rank : axis
  }
}

/// The product of `shape`; traps when it is negative somewhere or overflows.
func elementCount(of shape: [Int]) -> Int {
  var count = 1
  for size in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: size)
    precondition(size >= 0 && !overflow, "Tensor: sizes must not be negative nor overflow, found \(shape)")
    count = product
  }
  return count
}
