import Core

/// Chooses boxes to train on among those assigned. Mirrors mmdet's `BaseSampler`.
public protocol BoxSampler: Sendable {
  /// - Parameters:
  ///   - labels: classes of the objects; needed where their own boxes are added.
  ///   - hardness: for boxes and what they should be (-1: background), a loss for each; given where a second stage samples.
  /// - Throws: `InvalidConfig` where the sampler needs what is not given.
  func sample(
    _ assigned: AssignResult, _ boxes: Boxes, _ truths: Boxes, labels: [Int]?,
    hardness: ((_ boxes: Boxes, _ labels: [Int]) throws -> [Float])?
  ) throws -> SamplingResult
}

extension BoxSampler {
  public func sample(_ assigned: AssignResult, _ boxes: Boxes, _ truths: Boxes, labels: [Int]? = nil) throws
    -> SamplingResult
  {
    try sample(assigned, boxes, truths, labels: labels, hardness: nil)
  }
}

extension Registries {
  /// Samplers of boxes (`sampler`).
  public var boxSamplers: Registry<any BoxSampler> {
    get { self[(any BoxSampler).self, role: "sampler"] }
    set { self[(any BoxSampler).self, role: "sampler"] = newValue }
  }
}

/// What one half of a sampler sees.
struct SamplingPool {
  var assigned: AssignResult
  var boxes: Boxes
  var hardness: ((_ boxes: Boxes, _ labels: [Int]) throws -> [Float])?
  var generator: RandomGenerator

  var positives: [Int] { assigned.gtIndices.indices.filter { assigned.gtIndices[$0] > 0 } }
  var negatives: [Int] { assigned.gtIndices.indices.filter { assigned.gtIndices[$0] == 0 } }

  /// `count` of `candidates` in random order; all of them, in order, where there are no more.
  mutating func choose(_ candidates: [Int], _ count: Int) -> [Int] {
    if candidates.count <= count { return candidates }
    if count <= 0 { return [] }
    return generator.permutation(candidates.count).prefix(count).map { candidates[$0] }
  }
}

/// A rule that takes up to so many boxes out of a pool.
protocol SamplingRule: Sendable {
  func positives(_ pool: inout SamplingPool, _ count: Int) throws -> [Int]
  func negatives(_ pool: inout SamplingPool, _ count: Int) throws -> [Int]
}

/// How many boxes a sampler takes, and of which kinds.
struct SamplingQuota: Sendable {
  var count: Int
  var positiveFraction: Double
  /// At most so many negative boxes for a positive one; no limit where negative.
  var negativesPerPositive: Double
  /// Whether objects' own boxes are among those sampled.
  var addsTruths: Bool

  init(from reader: inout ConfigReader) throws {
    count = try reader.value("num")
    positiveFraction = try reader.value("pos_fraction")
    negativesPerPositive = try reader.value("neg_pos_ub", default: -1)
    addsTruths = try reader.value("add_gt_as_proposals", default: true)
    guard count >= 0 else { throw reader.invalid("must not be negative, found \(count)", key: "num") }
    guard (0...1).contains(positiveFraction) else {
      throw reader.invalid("must be in 0...1, found \(positiveFraction)", key: "pos_fraction")
    }
  }

  func sample(
    _ assigned: AssignResult, _ boxes: Boxes, _ truths: Boxes, labels: [Int]?,
    hardness: ((_ boxes: Boxes, _ labels: [Int]) throws -> [Float])?, positive: any SamplingRule,
    negative: any SamplingRule
  ) throws -> SamplingResult {
    var (assigned, candidates, added) = (assigned, boxes, 0)
    if addsTruths && !truths.isEmpty {
      guard let labels else {
        throw InvalidConfig("sampler: add_gt_as_proposals needs the classes of objects")
      }
      candidates = truths
      candidates.append(contentsOf: boxes)
      assigned.addTruths(labels)
      added = truths.count
    }
    var pool = SamplingPool(
      assigned: assigned, boxes: candidates, hardness: hardness,
      generator: RandomGenerator(seed: RandomSource.current.next()))
    let positives = Set(try positive.positives(&pool, Int(Double(count) * positiveFraction))).sorted()
    var rest = count - positives.count
    if negativesPerPositive >= 0 {
      rest = min(rest, Int(negativesPerPositive * Double(max(1, positives.count))))
    }
    let negatives = Set(try negative.negatives(&pool, rest)).sorted()
    return SamplingResult(
      positives: positives, negatives: negatives, candidates, truths, assigned, addedTruths: added)
  }
}

func registerSamplers(_ samplers: inout Registry<any BoxSampler>) {
  samplers.register("PseudoSampler", scope: scope, PseudoSampler.Config.self) { _ in PseudoSampler() }
  samplers.register("RandomSampler", scope: scope, RuleSamplerConfig<RandomRule>.self) { $0.sampler }
  samplers.register("InstanceBalancedPosSampler", scope: scope, RuleSamplerConfig<InstanceBalancedRule>.self)
  {
    $0.sampler
  }
  samplers.register("IoUBalancedNegSampler", scope: scope, RuleSamplerConfig<OverlapBalancedRule>.self) {
    $0.sampler
  }
  samplers.register("OHEMSampler", scope: scope, RuleSamplerConfig<HardRule>.self) { $0.sampler }
  samplers.register("CombinedSampler", scope: scope, CombinedSamplerConfig.self) { $0.sampler }
}
