/// The order in which a loader visits a data set.
public protocol Sampler: Sendable {
  /// Indices for an epoch (counted from 0).
  func indices(epoch: Int) -> [Int]
  var count: Int { get }
}

/// In order.
public struct SequentialSampler: Sampler {
  public let count: Int

  public init(count: Int) { self.count = count }

  public func indices(epoch: Int) -> [Int] { Array(0..<count) }
}

/// In an order that depends on the seed and the epoch alone.
public struct RandomSampler: Sampler {
  public let count: Int
  public let seed: UInt64

  public init(count: Int, seed: UInt64) { (self.count, self.seed) = (count, seed) }

  public func indices(epoch: Int) -> [Int] {
    var generator = RandomGenerator(seed: seed, epoch, -1)
    return generator.permutation(count)
  }
}
