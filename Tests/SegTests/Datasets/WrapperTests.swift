import Core
import Testing

@testable import Seg

@Suite struct WrapperTests {
  private func text(_ folder: PictureFolder, _ pipeline: String = "") -> String {
    "dict(type='CustomDataset', pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')\(pipeline)], "
      + "img_dir='\(folder.path)/img', ann_dir='\(folder.path)/ann', classes=['a', 'b'])"
  }

  private func folder(_ count: Int = 4) throws -> PictureFolder {
    let folder = try PictureFolder()
    for index in 0..<count {
      try folder.picture("img/\(index).jpg", height: 8, width: 8)
      try folder.labels("ann/\(index).png", [UInt8(index % 2)], height: 8, width: 8)
    }
    return folder
  }

  @Test func `mosaics of a mixing data set`() throws {
    let folder = try folder()
    let mixed = try dataset(
      "dict(type='MultiImageMixDataset', dataset=\(text(folder)), pipeline=[dict(type='RandomMosaic', prob=1, img_scale=(8, 8)), "
        + "dict(type='RandomFlip', prob=0.5)])")
    #expect(mixed.count == 4 && mixed.classNames == ["a", "b"] && mixed.palette?.count == 2)
    var (generator, kinds) = (RandomGenerator(seed: 1), Set<Int>())
    for index in 0..<12 {
      let sample = try #require(try mixed.sample(at: index % 4, using: &generator))
      #expect(sample.image?.width == 16 && sample.labels?.height == 16 && sample.mixed == nil)
      kinds.insert(Set(sample.labels?.bytes ?? []).subtracting([255]).count)
    }
    #expect(kinds.contains(2))
    let skipping = try dataset(
      "dict(type='MultiImageMixDataset', dataset=\(text(folder)), pipeline=[dict(type='RandomMosaic', prob=1)], "
        + "skip_type_keys=['RandomMosaic'])")
    #expect(try skipping.sample(at: 0, using: &generator)?.image?.width == 8)
  }

  @Test func `samples of wrappers are traced to their files`() throws {
    let folder = try folder()
    let all = try dataset(
      "dict(type='RepeatDataset', times=3, dataset=dict(type='ConcatDataset', datasets=[\(text(folder)), \(text(folder))]))"
    )
    #expect(all.count == 24 && all.segmentationParts.count == 2)
    let (origin, index) = try all.origin(of: 14)
    #expect(origin === all.segmentationParts[1] && index == 2)
  }

  @Test func `batches are padded with zeros, as in the original`() throws {
    let folder = try PictureFolder()
    try folder.picture("img/0.jpg", height: 4, width: 6)
    try folder.picture("img/1.jpg", height: 5, width: 3)
    try folder.labels("ann/0.png", [1], height: 4, width: 6)
    try folder.labels("ann/1.png", [1], height: 5, width: 3)
    let data = try dataset(
      text(
        folder, ", dict(type='DefaultFormatBundle'), dict(type='Collect', keys=['img', 'gt_semantic_seg'])"))
    var generator = RandomGenerator(seed: 0)
    let samples = try (0..<2).map { try #require(try data.sample(at: $0, using: &generator)) }
    let batch = try HostSegmentationBatch(samples)
    #expect([batch.images.height, batch.images.width] == [5, 6])
    let labels = try #require(batch.labels)
    #expect(labels.reduce(0, +) == 24 + 15 && labels[24..<30].allSatisfy { $0 == 0 })
    let tensors = batch.batch
    #expect(
      tensors.images.shape == [2, 3, 5, 6] && tensors.labels?.shape == [2, 1, 5, 6]
        && tensors.labels?.dtype == .int64)
  }
}
