/// Where the elements of a tensor lie in its storage, in elements, checked to lie inside it.
struct TensorLayout {
  var offset: Int
  var shape: [Int]
  var strides: [Int]
  /// The number of elements.
  let count: Int

  static let maximumRank = 64

  /// The bytes of a tensor of this shape, or `nil` if a size is negative or the product overflows.
  static func byteCount(shape: [Int], size: Int) -> Int? {
    var product = size
    for extent in shape where extent != 0 {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      if overflow || extent < 0 { return nil }
      product = next
    }
    return shape.contains(0) ? 0 : product
  }

  /// - Parameter capacity: the elements the storage holds.
  /// - Returns: what must hold and what was found if the tensor does not fit.
  static func checked(
    offset: Int, shape: [Int], strides: [Int], capacity: Int
  ) -> Result<TensorLayout, LayoutFault> {
    func fault(_ expected: String, _ found: String) -> Result<TensorLayout, LayoutFault> {
      .failure(LayoutFault(expected: expected, found: found))
    }
    if shape.count > maximumRank { return fault("at most \(maximumRank) axes", "\(shape.count)") }
    if shape.count != strides.count {
      return fault("a stride for each of \(shape.count) axes", "\(strides.count) strides")
    }
    if shape.contains(where: { $0 < 0 }) { return fault("sizes of at least 0", "\(shape)") }
    if strides.contains(where: { $0 < 0 }) { return fault("strides of at least 0", "\(strides)") }
    if offset < 0 { return fault("a storage offset of at least 0", "\(offset)") }
    guard let bytes = byteCount(shape: shape, size: 8) else {
      return fault("a shape that can be addressed", "\(shape)")
    }
    let count = bytes / 8
    if count > 0 {
      var last = offset
      var overflowed = false
      for (extent, stride) in zip(shape, strides) {
        let (reach, first) = (extent - 1).multipliedReportingOverflow(by: stride)
        let (sum, second) = last.addingReportingOverflow(reach)
        (last, overflowed) = (sum, overflowed || first || second)
      }
      if overflowed || last >= capacity {
        return fault(
          "a tensor inside its storage of \(capacity) elements",
          "offset \(offset), shape \(shape), strides \(strides)")
      }
    }
    return .success(TensorLayout(offset: offset, shape: shape, strides: strides, count: count))
  }

  /// Whether the elements lie next to each other in row-major order.
  var isContiguous: Bool {
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      if stride != expected { return false }
      expected *= extent
    }
    return true
  }

  /// Copies the elements in row-major order.
  ///
  /// - Parameters:
  ///   - storage: all bytes of the storage; the layout was checked against its size.
  ///   - size: bytes per element: 1, 2, 4 or 8.
  func gather(from storage: UnsafeRawBufferPointer, size: Int, into target: UnsafeMutableRawBufferPointer) {
    guard count > 0 else { return }
    if isContiguous {
      target.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: storage[offset * size..<(offset + count) * size]))
      return
    }
    switch size {
    case 1: gather(UInt8.self, storage, target)
    case 2: gather(UInt16.self, storage, target)
    case 4: gather(UInt32.self, storage, target)
    default: gather(UInt64.self, storage, target)
    }
  }

  private func gather<T: FixedWidthInteger>(
    _: T.Type, _ storage: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer
  ) {
    let width = MemoryLayout<T>.size
    let axes = zip(shape, strides).filter { $0.0 != 1 }
    guard let (inner, step) = axes.last else { return }
    let outer = axes.dropLast().map { $0 }
    var index = [Int](repeating: 0, count: outer.count)
    var base = offset
    var written = 0
    while written < count {
      for i in 0..<inner {
        let element = storage.loadUnaligned(fromByteOffset: (base + i * step) * width, as: T.self)
        target.storeBytes(of: element, toByteOffset: (written + i) * width, as: T.self)
      }
      written += inner
      var axis = outer.count - 1
      while axis >= 0 {
        index[axis] += 1
        base += outer[axis].1
        if index[axis] < outer[axis].0 { break }
        base -= outer[axis].1 * outer[axis].0
        index[axis] = 0
        axis -= 1
      }
    }
  }
}

/// Why a tensor does not fit its storage.
struct LayoutFault: Error {
  var expected: String
  var found: String
}

/// Reverses the bytes of every element.
func swapBytes(_ bytes: inout [UInt8], size: Int) {
  guard size > 1 else { return }
  bytes.withUnsafeMutableBytes { buffer in
    var start = 0
    while start + size <= buffer.count {
      var (low, high) = (start, start + size - 1)
      while low < high {
        buffer.swapAt(low, high)
        (low, high) = (low + 1, high - 1)
      }
      start += size
    }
  }
}
