import Core
import PyConfig

/// Which sampler a config wants for training (`sampler = dict(...)`), before its data set is known.
public struct SamplerRecipe: Sendable {
  /// Makes the sampler for so many samples.
  let make: @Sendable (_ count: Int, _ shuffles: Bool, _ seed: UInt64) -> any Sampler
}

extension Registries {
  /// Samplers of classification data sets.
  var classificationSamplers: Registry<SamplerRecipe> {
    get { self[SamplerRecipe.self, role: "sampler"] }
    set { self[SamplerRecipe.self, role: "sampler"] = newValue }
  }
}

/// `dict(type='DistributedSampler')`: with one process the usual order.
struct DistributedSamplerConfig: ConfigRecord {
  init(from reader: inout ConfigReader) throws {
    reader.ignore("num_replicas", "rank", "round_up", "seed", "shuffle")
  }
}

/// The keys of `dict(type='RepeatAugSampler', num_repeats=3)`.
struct RepeatAugSamplerConfig: ConfigRecord {
  var repeats: Int
  var round: Int
  var ratio: Double

  init(from reader: inout ConfigReader) throws {
    repeats = try reader.value("num_repeats", default: 3)
    guard repeats > 0 else { throw reader.invalid("must be positive, found \(repeats)", key: "num_repeats") }
    round = try reader.value("selected_round", default: 256)
    guard round >= 0 else {
      throw reader.invalid("must not be negative, found \(round)", key: "selected_round")
    }
    ratio = try reader.value("selected_ratio", default: 0)
    guard ratio >= 0 else {
      throw reader.invalid("must not be negative, found \(ratio)", key: "selected_ratio")
    }
    reader.ignore("num_replicas", "rank", "seed", "shuffle")
  }
}

/// Each sample several times in a row, so that a batch holds several views of one picture; an epoch is cut to about the
/// length of the data set.
///
/// Hoffer et al., 2019 (<https://arxiv.org/abs/1901.09335>), as DeiT uses it. Mirrors mmcls's `RepeatAugSampler` with one
/// process.
public struct RepeatAugSampler: Sampler {
  public let count: Int
  private let samples: Int
  private let repeats: Int
  private let base: any Sampler

  /// - Parameters:
  ///   - round: an epoch's length is a multiple of this number, rounded down; 0 leaves it as it is.
  ///   - ratio: what the length is divided by; 0 is 1.
  public init(
    count samples: Int, repeats: Int = 3, round: Int = 256, ratio: Double = 0, shuffles: Bool = true,
    seed: UInt64
  ) {
    precondition(
      repeats > 0 && round >= 0 && ratio >= 0,
      "RepeatAugSampler: positive repeats, found \(repeats), \(round), \(ratio)")
    let ratio = ratio > 0 ? ratio : 1
    let selected =
      round > 0
      ? (Double(samples / round * round) / ratio).rounded(.down) : (Double(samples) / ratio).rounded(.up)
    // No more than there are: a ratio below 1 over many repeats.
    count = Int(min(selected, Double(samples * repeats)))
    (self.samples, self.repeats) = (samples, repeats)
    base = shuffles ? RandomSampler(count: samples, seed: seed) : SequentialSampler(count: samples)
  }

  public func indices(epoch: Int) -> [Int] {
    let order = base.indices(epoch: epoch)
    return (0..<count).map { order[$0 / repeats] }
  }
}
