import Core
import Foundation
import Testing

@testable import Det

/// How samples become batches.
@Suite struct DetectionBatchTests {
  private func collected(
    _ height: Int, _ width: Int, _ keys: [String], _ more: (inout DetectionFields) -> Void = { _ in }
  ) -> Sample {
    var sample = placeSample(height: height, width: width, [[1, 2, 3, 4]], labels: [9], masks: true)
    sample.collectedKeys = keys
    more(&sample.detection)
    return sample
  }

  @Test func `pictures grow to the size of the largest`() throws {
    let keys = ["img", "gt_bboxes", "gt_labels"]
    let samples = [collected(4, 6, keys), collected(5, 3, keys)]
    let batch = try #require(try HostDetectionBatch(samples).batch as? DetectionBatch)
    #expect(batch.images.shape == [2, 3, 5, 6])
    let values = batch.images.floats
    // Picture 0: row 3, column 5 is its own, row 4 is padding; picture 1: column 3 is.
    #expect(values[3 * 6 + 5] == 5 && values[4 * 6 + 5] == 0)
    #expect(values[90 + 4 * 6 + 2] == 2 && values[90 + 4 * 6 + 3] == 0)
    #expect(batch.metas.map(\.imageShape) == [[4, 6, 3], [5, 3, 3]])
    let truths = try #require(batch.truths)
    #expect(truths.map(\.labels) == [[9], [9]] && truths[0].boxes.rows == [[1, 2, 3, 4]])
    #expect(truths[0].masks == nil && truths[0].ignoredBoxes.isEmpty)
    #expect(batch.proposals == nil && batch.semanticMaps == nil)
  }

  @Test func `what is not collected stays behind`() throws {
    let sample = collected(4, 6, ["img", "gt_bboxes", "gt_masks", "proposals", "gt_semantic_seg"]) { fields in
      fields.proposals = Proposals(boxes: Boxes([1, 1, 2, 2]), scores: [])
      fields.semanticMap = Image(width: 2, height: 1, channels: 1, bytes: [3, 4])
      fields.batchPadding = (7, 255)
    }
    let other = collected(3, 3, ["img"]) {
      $0.semanticMap = Image(width: 1, height: 2, channels: 1, bytes: [5, 6])
    }
    let batch = try #require(try HostDetectionBatch([sample, other]).batch as? DetectionBatch)
    #expect(batch.truths?[0].labels == [] && batch.truths?[0].masks?.count == 1)
    #expect(batch.proposals?[0].boxes.rows == [[1, 1, 2, 2]])
    let maps = try #require(batch.semanticMaps)
    #expect(maps.shape == [2, 1, 2, 2])
    #expect(maps.elements(as: Int64.self) == [3, 4, 255, 255, 5, 255, 6, 255])
    // Pictures are filled up with DefaultFormatBundle's value.
    #expect(batch.images.floats[72 + 5] == 7)
  }

  @Test func `views become a batch each`() throws {
    var samples = [collected(8, 8, []), collected(8, 8, [])]
    for index in samples.indices {
      samples[index].views = [collected(4, 6, ["img"]), collected(2 + index, 3, ["img"])]
    }
    let batch = try #require(try HostDetectionBatch(samples).batch as? DetectionViews)
    #expect(batch.views.map(\.images.shape) == [[2, 3, 4, 6], [2, 3, 3, 3]])
    #expect(batch.views[0].truths?.count == nil)
    samples[1].views?.removeLast()
    #expect(
      textOfError { _ = try HostDetectionBatch(samples) }.contains(
        "pictures of a batch must have as many views, found [2, 1]"))
  }

  @Test func `batches are of one group, and every picture comes`() throws {
    let dataset = GroupedDataset(groups: [0, 1, 1, 0, 1, 0, 1, 1, 1])
    let sampler = GroupSampler(dataset, batchSize: 4, seed: 1)
    #expect(sampler.count == 12)
    var orders: Set<[Int]> = []
    for epoch in 0..<5 {
      let indices = sampler.indices(epoch: epoch)
      orders.insert(indices)
      #expect(indices.count == 12 && Set(indices) == Set(0..<9))
      for batch in stride(from: 0, to: 12, by: 4) {
        #expect(Set(indices[batch..<(batch + 4)].map { dataset.group(at: $0) }).count == 1)
      }
    }
    #expect(orders.count > 1 && sampler.indices(epoch: 2) == sampler.indices(epoch: 2))
  }

  @Test func `a sampler by classes takes each class as often`() throws {
    let dataset = GroupedDataset(groups: [0, 0, 0, 0, 0, 0, 0, 1, 1, 0], classes: true)
    let sampler = try ClassAwareSampler(dataset, picturesPerClass: 2, batchSize: 4, seed: 1)
    let indices = sampler.indices(epoch: 0)
    #expect(indices.count == 12 && sampler.count == 12)
    // Classes change after two pictures each, and both come in each round of four.
    for round in stride(from: 0, to: 12, by: 4) {
      let groups = indices[round..<(round + 4)].map { dataset.group(at: $0) }
      #expect(groups[0] == groups[1] && groups[2] == groups[3] && groups[0] != groups[2])
    }
    #expect(sampler.indices(epoch: 1) != indices)
    let settings = try LoaderSettings(
      configNode("dict(train_dataloader=dict(class_aware_sampler=dict(num_sample_class=3)))"), role: .train)
    #expect(settings.samplesPerClass == 3)
    let empty = GroupedDataset(groups: [0])
    #expect(
      textOfError { _ = try ClassAwareSampler(empty, picturesPerClass: 1, batchSize: 1, seed: 0) }
        == "class_aware_sampler needs pictures with objects, found none")
  }

  @Test func `tests take pictures one at a time unless the config says so`() throws {
    func samples(_ text: String, _ role: LoaderSettings.Role) throws -> Int {
      try LoaderSettings(configNode(text), role: role, testsSingly: true).samplesPerBatch
    }
    #expect(try samples("dict(samples_per_gpu=8)", .train) == 8)
    #expect(try samples("dict(samples_per_gpu=8)", .test) == 1)
    #expect(try samples("dict(samples_per_gpu=8, test_dataloader=dict(samples_per_gpu=3))", .test) == 3)
    #expect(try samples("dict(val=dict(samples_per_gpu=2))", .val) == 2)
    #expect(try samples("dict(test=[dict(samples_per_gpu=2), dict(samples_per_gpu=5)])", .test) == 5)
    #expect(
      textOfError { _ = try samples("dict(val=dict(samples_per_gpu=0))", .val) }.contains(
        "data.val.samples_per_gpu: must be in 1...65536"))
  }
}

private final class GroupedDataset: Dataset {
  let groups: [Int]
  let classes: Bool
  init(groups: [Int], classes: Bool = false) { (self.groups, self.classes) = (groups, classes) }
  var count: Int { groups.count }
  var classNames: [String]? { nil }
  func sample(at index: Int, using generator: inout RandomGenerator) -> Sample? { nil }
  func categories(at index: Int) -> [Int] { classes ? [groups[index]] : [] }
  func group(at index: Int) -> Int { groups[index] }
}
