import CKernels

/// The weights of convolutions in the orders in which algorithms read them, kept at the storage of the weights.
final class PackedWeights {
  /// Which pass of a convolution reads the weights.
  enum Pass {
    case forward, inputGradient
  }

  /// What the order depends on: all of a convolution but the size of its images.
  private struct Key: Equatable {
    let pass: Pass
    let algorithm: mm_conv_algorithm
    /// Where a view of the storage starts.
    let offset: Int
    let c, oc, kh, kw, groups: Int32
    let strideH, strideW, padH, padW, dilationH, dilationW: Int32

    init(_ shape: mm_conv_shape, _ algorithm: mm_conv_algorithm, _ pass: Pass, offset: Int) {
      (self.pass, self.algorithm, self.offset) = (pass, algorithm, offset)
      (c, oc, kh, kw, groups) = (shape.c, shape.oc, shape.kh, shape.kw, shape.groups)
      (strideH, strideW, padH, padW) = (shape.stride_h, shape.stride_w, shape.pad_h, shape.pad_w)
      (dilationH, dilationW) = (shape.dil_h, shape.dil_w)
    }
  }

  private struct Entry {
    let key: Key
    /// The factors that were multiplied in, and their version.
    let scale: (storage: Storage, version: Int, offset: Int)?
    let packed: Storage

    func isOf(_ key: Key, _ scale: Tensor?) -> Bool {
      guard self.key == key else { return false }
      guard let mine = self.scale, let scale else { return self.scale == nil && scale == nil }
      return mine.storage === scale.storage && mine.version == scale.storage.version
        && mine.offset == scale.offset
    }
  }

  /// As many as algorithms and passes that use the weights.
  private var entries: [Entry] = []

  /// The weights packed.
  ///
  /// - Parameters:
  ///   - scale: a factor for each output channel.
  ///   - keeps: whether to keep them for the next call; they go when the weights change.
  static func make(
    _ shape: mm_conv_shape, _ algorithm: mm_conv_algorithm, _ pass: Pass, _ weight: Tensor, scale: Tensor?,
    keeps: Bool
  ) -> Storage {
    guard keeps, weight.isContiguous else { return pack(shape, algorithm, pass, weight, scale: scale) }
    let cache = weight.storage.derive("packed") { PackedWeights() }
    let key = Key(shape, algorithm, pass, offset: weight.offset)
    if let entry = cache.entries.first(where: { $0.isOf(key, scale) }) { return entry.packed }
    // Factors that have changed do not come back.
    cache.entries.removeAll { $0.key == key && ($0.scale == nil) == (scale == nil) }
    let packed = pack(shape, algorithm, pass, weight, scale: scale)
    let origin = scale.map { ($0.storage, $0.storage.version, $0.offset) }
    cache.entries.append(Entry(key: key, scale: origin, packed: packed))
    return packed
  }

  private static func pack(
    _ shape: mm_conv_shape, _ algorithm: mm_conv_algorithm, _ pass: Pass, _ weight: Tensor, scale: Tensor?
  ) -> Storage {
    let weight = weight.contiguousDetached()
    let scale = scale?.contiguousDetached()
    var shape = shape
    let packed: Storage
    switch pass {
    case .forward:
      packed = Storage(byteCount: mm_conv_packed_bytes(&shape, algorithm))
      mm_conv_pack(&shape, algorithm, weight.pointer(Float.self), scale?.pointer(Float.self), packed.pointer)
    case .inputGradient:
      packed = Storage(byteCount: mm_conv_packed_bytes_dgrad(&shape, algorithm))
      mm_conv_pack_dgrad(
        &shape, algorithm, weight.pointer(Float.self), scale?.pointer(Float.self), packed.pointer)
    }
    return packed
  }
}
