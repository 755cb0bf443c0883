extension Tensor {
  /// Passes through layers one after the other.
  ///
  /// - Returns: the results of those whose indices are in `outIndices`, in the layers' order.
  public func features(_ layers: [any UnaryModule], at outIndices: [Int]) -> [Tensor] {
    var x = self
    var features: [Tensor] = []
    for (index, layer) in layers.enumerated() {
      x = layer(x)
      if outIndices.contains(index) { features.append(x) }
    }
    return features
  }
}

extension ConfigReader {
  /// Reads `out_indices` of a backbone with `count` stages; negative ones count from the end where the original says so.
  ///
  /// - Throws: `BuildError`.
  public mutating func outIndices(default standard: [Int], count: Int, wraps: Bool = false) throws -> [Int] {
    let found = try optional("out_indices", as: OneOrMany<Int>.self)?.elements ?? standard
    let indices = wraps ? found.map { $0 < 0 ? $0 + count : $0 } : found
    guard !indices.isEmpty, indices.allSatisfy((0..<count).contains) else {
      throw invalid("must be in 0..<\(count), found \(found)", key: "out_indices")
    }
    return indices
  }

  /// Reads `frozen_stages` of a backbone, which must be in `range`.
  ///
  /// - Throws: `BuildError`.
  public mutating func frozenStages(default standard: Int, in range: ClosedRange<Int>) throws -> Int {
    let stages = try value("frozen_stages", default: standard)
    guard range.contains(stages) else {
      throw invalid(
        "must be in \(range.lowerBound)...\(range.upperBound), found \(stages)", key: "frozen_stages")
    }
    return stages
  }

  /// Reads `drop_path_rate`.
  ///
  /// - Throws: `BuildError`.
  public mutating func dropPathRate() throws -> Float {
    let rate: Float = try value("drop_path_rate", default: 0)
    guard (0...1).contains(rate) else {
      throw invalid("must be in 0...1, found \(rate)", key: "drop_path_rate")
    }
    return rate
  }
}

/// The chances of skipping blocks, rising evenly from 0 to `rate`: `torch.linspace(0, rate, count)`.
public func dropPathRates(_ rate: Float, count: Int) -> [Float] {
  guard count > 1 else { return Array(repeating: 0, count: count) }
  let step = rate / Float(count - 1)
  // As in PyTorch, the second half is counted from the end.
  return (0..<count).map { $0 < count / 2 ? step * Float($0) : rate - step * Float(count - 1 - $0) }
}
