import OrderedCollections
import TorchFile

// Position embeddings of tokens that stand for a map, resized to another map.
extension Tensor {
  /// A position embedding for a map of `target` from one for a map of `source`.
  ///
  /// - Input: `[1, extra + H · W, width]`, of which the first `extra` vectors are of tokens outside the map and stay.
  /// - Precondition: the length agrees with `source`.
  public func resizedPositions(
    from source: Pair, to target: Pair, extra: Int = 0, mode: InterpolationMode = .bicubic
  ) -> Tensor {
    precondition(
      rank == 3 && shape[1] == extra + source.h * source.w,
      "Tensor.resizedPositions: [1, \(extra + source.h * source.w), width], found \(shape)")
    if source == target { return self }
    let map = sliced(1, extra..<shape[1]).tokensAsMap(source)
    let resized = map.interpolate(size: target, mode: mode).mapAsTokens()
    return extra == 0 ? resized : Tensor.concatenate([sliced(1, 0..<extra), resized], axis: 1)
  }
}

extension OrderedDictionary where Key == String, Value == StoredTensor {
  /// Resizes the position embedding under `key`, of a square map of another size, to that of this model.
  public mutating func resizePositions(
    _ key: String, to map: Pair, like own: Parameter, extra: Int = 0, mode: InterpolationMode
  ) {
    change(key) { embedding in
      guard embedding.rank == 3, embedding.shape != own.shape, embedding.shape[1] > extra else { return nil }
      let side = Int(Double(embedding.shape[1] - extra).squareRoot())
      guard side * side + extra == embedding.shape[1] else { return nil }
      return embedding.resizedPositions(from: Pair(side), to: map, extra: extra, mode: mode)
    }
  }
}
