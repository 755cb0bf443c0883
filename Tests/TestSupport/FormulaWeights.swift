import Core

/// Numbers and weights by a formula that the scripts of the fixtures know too.
public enum Formula {
  /// Numbers in -1..<1.
  public static func pattern(_ count: Int, seed: Int) -> [Double] {
    (0..<count).map { index in
      var x = (UInt64(index + 1) &* 2_654_435_761 &+ UInt64(seed) &* 97531) & 0xffff_ffff
      x ^= x >> 15
      x = (x &* 2_246_822_519) & 0xffff_ffff
      x ^= x >> 13
      return Double(x >> 8) / 8_388_608 - 1
    }
  }

  public static func images(_ shape: [Int], seed: Int) -> Tensor {
    Tensor(pattern(shape.reduce(1, *), seed: seed).map { Float($0) }, shape: shape)
  }

  /// Gives a model the weights that the scripts give theirs; whole numbers stay.
  public static func fill(_ model: Module) {
    for (index, (key, entry)) in model.state.enumerated() where entry.value.dtype == .float32 {
      let shape = entry.value.shape
      let count = shape.reduce(1, *)
      var (scale, shift) = ((6 / Double(max(1, count / max(1, shape.first ?? 1)))).squareRoot(), 0.0)
      if key.hasSuffix("running_var") {
        (scale, shift) = (0.25, 0.75)
      } else if key.hasSuffix("running_mean") || key.hasSuffix("bias") {
        scale = 0.1
      } else if shape.count == 1 {
        (scale, shift) = (0.25, 1)
      }
      entry.assign(Tensor(pattern(count, seed: index).map { Float($0 * scale + shift) }, shape: shape))
    }
  }

  /// FNV-1a of 64 bits, in hexadecimal digits.
  public static func hash(_ text: String) -> String {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
