import CKernels

/// Weights in the order in which one convolution algorithm reads them.
final class PackedWeights {
  /// Which pass of a convolution reads the weights.
  enum Pass: String {
    case forward, inputGradient
  }

  /// The packed weights; each kind of algorithm has an order of its own.
  private(set) var storage: Storage
  /// The factors that were multiplied in, and their version.
  private var scale: (storage: Storage, version: Int, offset: Int)?

  private init(
    _ shape: mm_conv_shape, _ algorithm: mm_conv_algorithm, _ pass: Pass, _ weight: Tensor, scale: Tensor?
  ) {
    storage = Self.pack(shape, algorithm, pass, weight, scale: scale)
    self.scale = scale.map { ($0.storage, $0.storage.version, $0.offset) }
  }

  /// The weights packed, from the cache at their storage unless they are about to change.
  static func make(
    _ shape: mm_conv_shape, _ algorithm: mm_conv_algorithm, _ pass: Pass, _ weight: Tensor, scale: Tensor?,
    keeps: Bool
  ) -> Storage {
    // A packed copy lives at the storage of a parameter; a copy made only now would take it along when it goes.
    guard keeps, weight.isContiguous else { return pack(shape, algorithm, pass, weight, scale: scale) }
    let key =
      "conv.\(pass).\(algorithm.rawValue).\(weight.offset).\(weight.shape).\(shape.groups)."
      + "\(shape.stride_h).\(shape.stride_w).\(shape.dil_h).\(shape.dil_w).\(shape.pad_h).\(shape.pad_w)"
      + (scale == nil ? "" : ".scaled")
    let packed = weight.storage.derive(key) { PackedWeights(shape, algorithm, pass, weight, scale: scale) }
    packed.renew(shape, algorithm, pass, weight, scale: scale)
    return packed.storage
  }

  /// Packs again if the factors are others than those multiplied in.
  private func renew(
    _ shape: mm_conv_shape, _ algorithm: mm_conv_algorithm, _ pass: Pass, _ weight: Tensor, scale: Tensor?
  ) {
    guard let scale else { return }
    if let known = self.scale, known.storage === scale.storage, known.version == scale.storage.version,
      known.offset == scale.offset
    {
      return
    }
    storage = Self.pack(shape, algorithm, pass, weight, scale: scale)
    self.scale = (scale.storage, scale.storage.version, scale.offset)
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
      mm_conv_pack_dgrad(&shape, algorithm, weight.pointer(Float.self), scale?.pointer(Float.self), packed.pointer)
    }
    return packed
  }
}
