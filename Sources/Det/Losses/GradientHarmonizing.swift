import Core

/// How often gradients of each length occur, and weights that make up for it.
///
/// Li et al., 2018 (<https://arxiv.org/abs/1811.05181>). What mmdet's `GHMC` and `GHMR` share.
struct GradientDensity {
  var bins: Int
  var momentum: Float

  init(from reader: inout ConfigReader) throws {
    bins = try reader.count("bins", default: 10, in: 1...100_000)
    momentum = try reader.value("momentum", default: 0)
  }

  /// The ends of the bins: 0, 1/bins, ... and `last`.
  func edges(last: (Float) -> Float) -> Buffer {
    var edges = (0...bins).map { Float($0) / Float(bins) }
    edges[bins] = last(edges[bins])
    return Buffer(Tensor(edges))
  }

  var sums: Buffer? { momentum > 0 ? Buffer(.zeros([bins])) : nil }

  /// A weight for each length: `total` divided by how many are in its bin, and by the number of bins that hold any.
  ///
  /// - Parameter sums: running means of the counts, which are brought up to date.
  func weights(_ lengths: [Float], counted: [Bool], total: Float, edges: [Float], sums: Buffer?) -> [Float] {
    var bin = [Int](repeating: -1, count: lengths.count)
    var counts = [Int](repeating: 0, count: bins)
    for (index, length) in lengths.enumerated() where counted[index] {
      guard length >= edges[0], length < edges[bins] else { continue }
      var at = min(Int(length * Float(bins)), bins - 1)
      while at > 0 && length < edges[at] { at -= 1 }
      while at < bins - 1 && length >= edges[at + 1] { at += 1 }
      bin[index] = at
      counts[at] += 1
    }
    var running = sums?.value.floats
    let filled = Float(counts.count { $0 > 0 })
    let factors = (0..<bins).map { at -> Float in
      guard counts[at] > 0 else { return 0 }
      guard let before = running?[at] else { return total / Float(counts[at]) / filled }
      let sum = momentum * before + (1 - momentum) * Float(counts[at])
      running?[at] = sum
      return total / sum / filled
    }
    if let running { sums?.assign(Tensor(running)) }
    return bin.map { $0 < 0 ? 0 : factors[$0] }
  }
}

/// Cross entropy of sigmoids in which gradients of each length count alike. Mirrors mmdet's `GHMC`; weights (one a row or
/// one an element) say what counts.
public final class GHMC: Module, DetectionLoss {
  public struct Config: ConfigRecord {
    var density: GradientDensity
    var scale: LossScale

    public init(from reader: inout ConfigReader) throws {
      try reader.requireSigmoid()
      density = try GradientDensity(from: &reader)
      scale = try LossScale(from: &reader)
    }
  }

  let edges: Buffer
  let accSum: Buffer?
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    edges = config.density.edges { $0 + 1e-6 }
    accSum = config.density.sums
  }

  public func callAsFunction(
    _ prediction: Tensor, _ target: LossTarget, weight: Tensor?, averageFactor: Double?,
    reduction: LossReduction?
  ) throws -> Tensor {
    let wanted: Tensor
    switch target {
    case .labels(let labels): wanted = labels.positives(classes: prediction.shape[1])
    case .values(let values): wanted = values
    default: throw unsuitable(target)
    }
    guard let weight else { throw InvalidConfig("GHMC needs a weight for each sample") }
    let spread = (weight.shape == prediction.shape ? weight : weight.reshaped([-1, 1])).expanded(
      to: prediction.shape)
    let counted = spread.floats.map { $0 > 0 }
    let lengths = withoutGradient { (prediction.detached().sigmoid() - wanted).absolute().floats }
    let total = max(Float(counted.count { $0 }), 1)
    let weights = config.density.weights(
      lengths, counted: counted, total: total, edges: edges.value.floats, sums: accSum)
    let loss = prediction.binaryCrossEntropyWithLogits(wanted, reduction: .none)
    return try config.scale(
      loss, weight: Tensor(weights, shape: prediction.shape), averageFactor: Double(total),
      reduction: reduction)
  }
}

/// A smooth distance in which gradients of each length count alike. Mirrors mmdet's `GHMR`; weights are one an element.
public final class GHMR: Module, DetectionLoss {
  public struct Config: ConfigRecord {
    var mu: Float
    var density: GradientDensity
    var scale: LossScale

    public init(from reader: inout ConfigReader) throws {
      mu = try reader.value("mu", default: 0.02)
      density = try GradientDensity(from: &reader)
      scale = try LossScale(from: &reader)
    }
  }

  let edges: Buffer
  let accSum: Buffer?
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    edges = config.density.edges { _ in 1e3 }
    accSum = config.density.sums
  }

  public func callAsFunction(
    _ prediction: Tensor, _ target: LossTarget, weight: Tensor?, averageFactor: Double?,
    reduction: LossReduction?
  ) throws -> Tensor {
    guard case .values(let values) = target else { throw unsuitable(target) }
    guard let weight else { throw InvalidConfig("GHMR needs a weight for each sample") }
    let difference = prediction - values
    let root = (difference.squared() + config.mu * config.mu).squareRoot()
    let lengths = withoutGradient { (difference.detached() / root.detached()).absolute().floats }
    let counts = weight.floats
    let total = max(counts.reduce(0, +), 1)
    let weights = config.density.weights(
      lengths, counted: counts.map { $0 > 0 }, total: total, edges: edges.value.floats, sums: accSum)
    return try config.scale(
      root - config.mu, weight: Tensor(weights, shape: prediction.shape), averageFactor: Double(total),
      reduction: reduction)
  }
}
