/// The values with which PyTorch's layers are made.
enum DefaultInitialization {
  /// A generator for the parameters of one new layer, seeded by the source that is current.
  static func generator() -> RandomGenerator { RandomGenerator(seed: RandomSource.current.next()) }

  /// Uniform in `±1/√fanIn`, which is what `kaiming_uniform_(a=√5)` comes to for weights and what biases get.
  ///
  /// - Parameter shape: of a weight, `[O, I / groups, kH, kW]`.
  static func fanInBound(_ shape: [Int]) -> Double {
    let fanIn = elementCount(of: Array(shape.dropFirst()))
    return fanIn > 0 ? 1 / Double(fanIn).squareRoot() : 0
  }

  /// A tensor of numbers drawn uniformly from `±bound`.
  static func uniform(_ shape: [Int], bound: Double, using generator: inout RandomGenerator) -> Tensor {
    let count = elementCount(of: shape)
    let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer[index] = Float(generator.uniform(-bound, bound)) }
      initialized = count
    }
    return Tensor(values, shape: shape)
  }
}
