import Core
import Det
import Testing

@Suite("Samplers")
struct SamplerTests {
  func sampler(_ text: String) throws -> any BoxSampler {
    let context = formulaContext()
    return try context.registries.boxSamplers.build(configNode(text), path: "sampler", context: context)
  }

  /// 100 boxes: 30 of object 1, 10 of object 2, 20 that do not count, 40 background ones with growing overlaps.
  var assigned: AssignResult {
    AssignResult(
      truthCount: 2,
      gtIndices: [Int](repeating: 1, count: 30) + [Int](repeating: 2, count: 10)
        + [Int](repeating: -1, count: 20)
        + [Int](repeating: 0, count: 40),
      maxOverlaps: [Float](repeating: 0.9, count: 60) + (0..<40).map { Float($0) / 100 },
      labels: [Int](repeating: 3, count: 30) + [Int](repeating: 5, count: 10)
        + [Int](repeating: -1, count: 60))
  }
  let boxes = Boxes((0..<100).map { Box(Float($0), 0, Float($0 + 1), 1) })
  let truths = Boxes([0, 0, 5, 5, 5, 5, 9, 9])

  @Test func `all that count are taken where there is room`() throws {
    let result = try sampler(
      "dict(type='RandomSampler', num=1000, pos_fraction=1.0, add_gt_as_proposals=False)"
    )
    .sample(assigned, boxes, truths)
    #expect(result.posIndices == Array(0..<40))
    #expect(result.negIndices == Array(60..<100))
    #expect(result.posTruthIndices.count { $0 == 1 } == 10)
    #expect(result.posLabels?.count { $0 == 3 } == 30)
    #expect(result.boxes.count == 80)
  }

  @Test func `objects' own boxes come first`() throws {
    let result = try sampler("dict(type='RandomSampler', num=1000, pos_fraction=1.0)")
      .sample(assigned, boxes, truths, labels: [3, 5])
    #expect(result.posIndices.prefix(2) == [0, 1])
    #expect(result.posIsTruth.count { $0 } == 2)
    #expect(result.posBoxes[1] == Box(5, 5, 9, 9))
    #expect(result.posTruthIndices.prefix(2) == [0, 1])
    #expect(result.negIndices.first == 62)
    let message = textOfError {
      _ = try sampler("dict(type='RandomSampler', num=10, pos_fraction=1.0)").sample(assigned, boxes, truths)
    }
    #expect(message == "sampler: add_gt_as_proposals needs the classes of objects")
  }

  @Test func `quotas hold`() throws {
    let result = try sampler(
      "dict(type='RandomSampler', num=20, pos_fraction=0.25, neg_pos_ub=2, add_gt_as_proposals=False)"
    ).sample(assigned, boxes, truths)
    #expect(result.posIndices.count == 5)
    #expect(result.negIndices.count == 10)
    #expect(Set(result.posIndices).isSubset(of: 0..<40))
    #expect(Set(result.negIndices).isSubset(of: 60..<100))
    #expect(result.negIndices == result.negIndices.sorted())
  }

  @Test func `equal seeds give equal samples`() throws {
    let sampler = try sampler(
      "dict(type='RandomSampler', num=20, pos_fraction=0.5, add_gt_as_proposals=False)")
    func draw(_ seed: UInt64) throws -> SamplingResult {
      try RandomSource.$current.withValue(RandomSource(seed: seed)) {
        try sampler.sample(assigned, boxes, truths)
      }
    }
    #expect(try draw(4) == draw(4))
    #expect(try draw(4) != draw(5))
  }

  @Test func `a balanced sampler takes as many for each object`() throws {
    let text = "dict(type='InstanceBalancedPosSampler', num=20, pos_fraction=0.5, add_gt_as_proposals=False)"
    let result = try sampler(text).sample(assigned, boxes, truths)
    #expect(result.posIndices.count == 10)
    #expect(result.posTruthIndices.count { $0 == 1 } >= 4)
    #expect(result.posTruthIndices.count { $0 == 0 } >= 4)
  }

  @Test func `negatives of all overlaps are taken`() throws {
    let text = """
      dict(type='CombinedSampler', num=36, pos_fraction=0.5, add_gt_as_proposals=False,
        pos_sampler=dict(type='InstanceBalancedPosSampler'),
        neg_sampler=dict(type='IoUBalancedNegSampler', floor_thr=0.2, floor_fraction=0.5, num_bins=2))
      """
    let result = try sampler(text).sample(assigned, boxes, truths)
    #expect(result.posIndices.count == 18)
    #expect(result.negIndices.count == 18)
    // Half from below the floor, of which there are twenty.
    #expect(result.negIndices.count { $0 < 80 } == 9)
  }

  @Test func `the hardest boxes are taken`() throws {
    let hard = try sampler("dict(type='OHEMSampler', num=10, pos_fraction=0.5, add_gt_as_proposals=False)")
    let result = try hard.sample(assigned, boxes, truths, labels: nil) { boxes, labels in
      // The further right, the harder; background has class -1.
      zip(boxes, labels).map { $0.x1 + ($1 < 0 ? 0 : 1) }
    }
    #expect(result.posIndices == Array(35..<40))
    #expect(result.negIndices == Array(95..<100))
    let message = textOfError { _ = try hard.sample(assigned, boxes, truths) }
    #expect(message == "OHEMSampler works in a second stage only, which knows the losses of boxes")
  }

  @Test func `a wrong option is named`() {
    let message = textOfError { _ = try sampler("dict(type='RandomSampler', num=10, pos_fraction=1.5)") }
    #expect(message.contains("sampler.pos_fraction: must be in 0...1, found 1.5"))
  }
}
