import Core
import PyConfig

/// A sampler with one rule for positive and one for negative boxes.
///
/// Mirrors mmdet's `RandomSampler`, `InstanceBalancedPosSampler`, `IoUBalancedNegSampler`, `OHEMSampler` and
/// `CombinedSampler`, which differ in their rules.
public struct RuleSampler: BoxSampler {
  let quota: SamplingQuota
  let positive: any SamplingRule
  let negative: any SamplingRule

  public func sample(
    _ assigned: AssignResult, _ boxes: Boxes, _ truths: Boxes, labels: [Int]?,
    hardness: ((_ boxes: Boxes, _ labels: [Int]) throws -> [Float])?
  ) throws -> SamplingResult {
    try quota.sample(
      assigned, boxes, truths, labels: labels, hardness: hardness, positive: positive, negative: negative)
  }
}

/// One rule for both kinds.
struct RuleSamplerConfig<Rule: SamplingRule & ConfigRecord>: ConfigRecord {
  var sampler: RuleSampler

  init(from reader: inout ConfigReader) throws {
    let rule = try Rule(from: &reader)
    sampler = RuleSampler(quota: try SamplingQuota(from: &reader), positive: rule, negative: rule)
  }
}

/// `CombinedSampler`: the rules of two samplers.
struct CombinedSamplerConfig: ConfigRecord {
  var sampler: RuleSampler

  init(from reader: inout ConfigReader) throws {
    let (positive, negative) = (try reader.component("pos_sampler"), try reader.component("neg_sampler"))
    sampler = RuleSampler(
      quota: try SamplingQuota(from: &reader), positive: try Self.rule(positive),
      negative: try Self.rule(negative))
  }

  private static func rule(_ component: Component) throws -> any SamplingRule {
    func read<Rule: SamplingRule & ConfigRecord>(_ rule: Rule.Type) throws -> any SamplingRule {
      var reader = try ConfigReader(component.node, path: component.path)
      // The whole sampler's numbers hold.
      reader.ignore("type", "num", "pos_fraction", "neg_pos_ub", "add_gt_as_proposals")
      let rule = try Rule(from: &reader)
      try reader.finish()
      return rule
    }
    switch component.typeName {
    case "RandomSampler": return try read(RandomRule.self)
    case "InstanceBalancedPosSampler": return try read(InstanceBalancedRule.self)
    case "IoUBalancedNegSampler": return try read(OverlapBalancedRule.self)
    case "OHEMSampler": return try read(HardRule.self)
    case let name:
      throw BuildError(
        .unknownName(
          name ?? "", role: "sampler",
          known: ["InstanceBalancedPosSampler", "IoUBalancedNegSampler", "OHEMSampler", "RandomSampler"]),
        path: component.path, location: component.node.location)
    }
  }
}
