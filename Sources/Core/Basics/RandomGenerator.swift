import Foundation
import Synchronization

/// A small, fast generator of random numbers (xoshiro256++) whose whole state is its four words.
///
/// Equal seeds give equal numbers on every machine.
public struct RandomGenerator: RandomNumberGenerator, Sendable, Equatable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  public init(seed: UInt64) {
    var word = seed
    func next() -> UInt64 { splitMix(&word) }
    state = (next(), next(), next(), next())
  }

  /// A generator for one purpose out of several that share a seed: `RandomGenerator(seed: seed, epoch, index)`.
  public init(seed: UInt64, _ streams: Int...) {
    var word = seed
    for stream in streams {
      word = splitMix(&word) ^ UInt64(bitPattern: Int64(stream)) &* 0xD1B5_4A32_D192_ED03
    }
    self.init(seed: splitMix(&word))
  }

  public mutating func next() -> UInt64 {
    let sum = state.0 &+ state.3
    let result = (sum << 23 | sum >> 41) &+ state.0
    let t = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= t
    state.3 = state.3 << 45 | state.3 >> 19
    return result
  }

  /// Uniform in `0..<1`.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in `low..<high`.
  public mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * uniform() }

  /// Uniform whole number in `range`.
  public mutating func integer(_ range: Range<Int>) -> Int { Int.random(in: range, using: &self) }

  /// Normally distributed with mean 0 and standard deviation 1 (Box-Muller, one of the pair).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// `0..<count` in random order.
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    order.shuffle(using: &self)
    return order
  }

  public static func == (a: Self, b: Self) -> Bool { a.state == b.state }
}

private func splitMix(_ word: inout UInt64) -> UInt64 {
  word &+= 0x9E37_79B9_7F4A_7C15
  var z = word
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}

/// Where layers that draw random numbers in a forward pass (dropout, stochastic depth) get their seeds.
///
/// A runner sets one for every iteration, from the run's seed and the iteration: a resumed run then draws the same
/// numbers as one that was never stopped.
public final class RandomSource: Sendable {
  private let generator: Mutex<RandomGenerator>

  /// The source of the forward passes that run now.
  @TaskLocal public static var current = RandomSource(seed: 0)

  public init(seed: UInt64, _ stream: Int = 0) {
    generator = Mutex(RandomGenerator(seed: seed, stream))
  }

  /// A fresh seed.
  public func next() -> UInt64 { generator.withLock { $0.next() } }
}
