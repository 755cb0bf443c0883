import Core

/// Numbers that the scripts under Fixtures know too, so that models need no stored weights.
public enum PatternWeights {
  /// Numbers in -1..<1.
  public static func pattern(_ count: Int, seed: Int) -> [Double] {
    (1...max(1, count)).prefix(count).map { index in
      var x = (UInt64(index) &* 2_654_435_761 &+ UInt64(seed) &* 97531) & 0xffff_ffff
      x ^= x >> 15
      x = (x &* 2_246_822_519) & 0xffff_ffff
      x ^= x >> 13
      return Double(x >> 8) / 8_388_608 - 1
    }
  }

  public static func tensor(_ shape: [Int], seed: Int) -> Tensor {
    Tensor(pattern(shape.reduce(1, *), seed: seed).map { Float($0) }, shape: shape)
  }

  /// Gives a model the weights that the scripts give theirs; tables of indices and coordinates stay.
  public static func fill(_ model: Module) {
    for (index, (key, entry)) in model.state.enumerated() {
      if entry.value.dtype != .float32 || key.hasSuffix("relative_coords_table") { continue }
      let shape = entry.value.shape
      let count = shape.reduce(1, *)
      let scale = (6 / Double(max(1, count / max(1, shape.first ?? 1)))).squareRoot()
      let values = pattern(count, seed: index).map { value -> Float in
        if key.hasSuffix("running_var") { return Float(value * 0.25 + 0.75) }
        if key.hasSuffix("running_mean") || key.hasSuffix("bias") { return Float(value * 0.1) }
        return shape.count == 1 ? Float(value * 0.25 + 1) : Float(value * scale)
      }
      entry.assign(Tensor(values, shape: shape))
    }
  }
}
