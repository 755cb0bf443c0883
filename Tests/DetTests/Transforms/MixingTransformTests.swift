import Core
import Foundation
import Testing

@testable import Det

/// Transforms that mix samples.
@Suite struct MixingTransformTests {
  private func mixed(_ text: String, _ sample: Sample, _ others: [Sample], seed: UInt64 = 0) throws -> Sample
  {
    var (sample, generator) = (sample, RandomGenerator(seed: seed))
    sample.detection.others = others
    #expect(try detectionPipeline(text).apply(&sample, using: &generator))
    return sample
  }

  @Test(arguments: 0..<5 as Range<UInt64>) func `a mosaic has four pictures around its centre`(_ seed: UInt64)
    throws
  {
    let samples = (0..<4).map { placeSample(height: 40, width: 40, [[5, 6, 35, 30]], labels: [$0]) }
    let text = "[dict(type='Mosaic', img_scale=(40, 40), pad_val=200)]"
    let result = try mixed(text, samples[0], Array(samples.dropFirst()), seed: seed)
    let image = try #require(result.image)
    #expect([image.height, image.width] == [80, 80] && result.meta.imageShape == [80, 80, 3])
    let (boxes, labels) = (try #require(result.detection.boxes), try #require(result.detection.labels))
    #expect(boxes.count == labels.count && !labels.isEmpty)
    for (index, label) in labels.enumerated() {
      let box = boxes[index]
      // Where the corner is not cut off, its pixel is that of the picture.
      if box.x2 - box.x1 == 30, box.y2 - box.y1 == 24, box.x1 >= 0, box.y1 >= 0 {
        let at = (Int(box.y1) * 80 + Int(box.x1)) * 3
        #expect(image.bytes?[at] == 5 && image.bytes?[at + 1] == 6)
      }
      // The first and third pictures are left, the first two above.
      if label == 0 { #expect(box.x1 < 60 && box.y1 < 60) }
    }
  }

  @Test func `mixing up gives the mean of two pictures and all objects`() throws {
    let other = placeSample(height: 20, width: 20, [[4, 4, 16, 16]], labels: [3])
    let sample = placeSample(height: 40, width: 40, [[1, 2, 10, 12]], labels: [0])
    let text = "[dict(type='MixUp', img_scale=(40, 40), ratio_range=(1.0, 1.0), flip_ratio=0.0)]"
    let result = try mixed(text, sample, [other])
    #expect(result.detection.labels == [0, 3])
    // The other one fills 40 x 40: its box is twice as large.
    #expect(result.detection.boxes?.rows == [[1, 2, 10, 12], [8, 8, 32, 32]])
    let large = try #require(other.image).resized(width: 40, height: 40)
    let wanted = try #require(sample.image).mean(with: large)
    #expect(result.image == wanted)
  }

  @Test func `a picture without objects is not mixed in`() throws {
    let sample = placeSample(height: 40, width: 40, [[1, 2, 10, 12]], labels: [0])
    let result = try mixed("[dict(type='MixUp')]", sample, [placeSample(height: 20, width: 20, [])])
    #expect(result.image == sample.image && result.detection.labels == [0])
  }

  @Test(arguments: 0..<5 as Range<UInt64>) func `an affine map moves boxes with the picture`(_ seed: UInt64)
    throws
  {
    var sample = placeSample(height: 60, width: 60, [[20, 20, 40, 45]])
    // A white block on black, exactly where the box is.
    sample.image = Image(
      width: 60, height: 60, channels: 3,
      bytes: (0..<3600).flatMap { index -> [UInt8] in
        let inside = (20..<40).contains(index % 60) && (20..<45).contains(index / 60)
        return [UInt8](repeating: inside ? 255 : 0, count: 3)
      })
    let text =
      "[dict(type='RandomAffine', border_val=(0, 0, 0), scaling_ratio_range=(0.8, 1.2), max_translate_ratio=0.05)]"
    let result = try mixed(text, sample, [], seed: seed)
    let image = try #require(result.image)
    let box = try #require(result.detection.boxes)[0]
    let white = (0..<3600).filter { (image.bytes?[$0 * 3] ?? 0) > 127 }
    let (xs, ys) = (white.map { Float($0 % 60) }, white.map { Float($0 / 60) })
    #expect(abs((xs.min() ?? 0) - box.x1) < 2.5 && abs((xs.max() ?? 0) - box.x2) < 2.5)
    #expect(abs((ys.min() ?? 0) - box.y1) < 2.5 && abs((ys.max() ?? 0) - box.y2) < 2.5)
  }

  @Test func `pasted objects hide what is under them`() throws {
    let sample = placeSample(
      height: 40, width: 40, [[0, 0, 20, 20], [25, 25, 40, 40]], labels: [0, 1], masks: true)
    var other = placeSample(height: 40, width: 40, [[0, 0, 19, 20]], labels: [5], masks: true)
    other.image = Image(width: 40, height: 40, channels: 3, filledWith: 77)
    let text = "[dict(type='CopyPaste', selected=False, bbox_occluded_thr=3, mask_occluded_thr=30)]"
    let result = try mixed(text, sample, [other])
    // Of the first object 20 pixels are left: too few.
    #expect(result.detection.labels == [1, 5])
    #expect(result.detection.boxes?.rows == [[25, 25, 40, 40], [0, 0, 19, 20]])
    #expect(result.detection.masks?.count == 2)
    #expect(result.image?.bytes?[0] == 77 && result.image?.bytes?[30 * 3] == 30)
  }

  @Test func `a data set mixes its own samples until it is told not to`() throws {
    let inner = CocoDatasetTests.config(
      "filter_empty_gt=False", pipeline: "[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]")
    let text = """
      dict(type='MultiImageMixDataset', dataset=\(inner), pipeline=[
        dict(type='Mosaic', img_scale=(32, 32)), dict(type='MixUp', img_scale=(32, 32)),
        dict(type='Resize', img_scale=(48, 48), keep_ratio=False)])
      """
    let dataset = try #require(try detectionDataset(text) as? MultiImageMixDataset)
    var generator = RandomGenerator(seed: 1)
    let sample = try #require(try dataset.sample(at: 0, using: &generator))
    #expect(sample.meta.imageShape == [48, 48, 3] && sample.detection.others == nil)
    dataset.skip(["Mosaic", "MixUp"])
    let plain = try #require(try dataset.sample(at: 0, using: &generator))
    #expect(plain.detection.boxes?.count == 3)
  }

  @Test func `outside of such a data set they say what they need`() {
    let message = textOfError {
      var (sample, generator) = (placeSample(height: 4, width: 4, []), RandomGenerator(seed: 0))
      _ = try detectionPipeline("[dict(type='Mosaic')]").apply(&sample, using: &generator)
    }
    #expect(
      message == "p/a.png: Mosaic: needs 3 other samples; put it into the pipeline of a MultiImageMixDataset")
  }
}
