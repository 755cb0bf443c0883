import Core
import Foundation
import Testing

@testable import Det

/// What random transforms do to pictures, boxes and masks goes together. Pixels tell where they come from: see `placeImage`.
@Suite struct RandomTransformTests {
  private func apply(_ text: String, _ sample: Sample, seed: UInt64 = 0) throws -> Sample? {
    var (sample, generator) = (sample, RandomGenerator(seed: seed))
    return try detectionPipeline(text).apply(&sample, using: &generator) ? sample : nil
  }

  /// The colour at a place: column and row of the picture it came from.
  private func pixel(_ image: Image, _ x: Float, _ y: Float) -> [Float] {
    let at = (Int(y) * image.width + Int(x)) * 3
    switch image.pixels {
    case .u8(let bytes): return [Float(bytes[at]), Float(bytes[at + 1])]
    case .f32(let values): return [values[at], values[at + 1]]
    }
  }

  private let boxes: [[Float]] = [[10, 5, 30, 25], [40, 20, 59, 39], [2, 30, 12, 38]]

  @Test(arguments: 0..<6 as Range<UInt64>) func `a crop keeps boxes, labels and masks together`(
    _ seed: UInt64
  ) throws {
    let sample = placeSample(height: 40, width: 60, boxes, labels: [7, 8, 9], masks: true)
    guard let result = try apply("[dict(type='RandomCrop', crop_size=(25, 30))]", sample, seed: seed) else {
      return
    }
    let image = try #require(result.image)
    let fields = result.detection
    #expect(image.height == 25 && image.width == 30)
    #expect(result.meta.imageShape == [25, 30, 3])
    let offset = pixel(image, 0, 0)
    guard case .bitmaps(let masks)? = fields.masks?.shapes else {
      Issue.record("the masks are gone")
      return
    }
    #expect(masks.count == fields.boxes?.count && fields.labels?.count == masks.count)
    for (index, label) in (fields.labels ?? []).enumerated() {
      let (box, original) = (try #require(fields.boxes)[index], boxes[label - 7])
      let cut = Box(
        max(original[0] - offset[0], 0), max(original[1] - offset[1], 0), min(original[2] - offset[0], 30),
        min(original[3] - offset[1], 25))
      #expect(box == cut)
      #expect(masks[index].reduce(0) { $0 + Int($1) } == Int(box.area))
    }
  }

  @Test func `a crop without objects drops the sample unless it is allowed`() throws {
    let sample = placeSample(height: 40, width: 60, [[0, 0, 1, 1]])
    let steps = "dict(type='RandomCrop', crop_size=(0.1, 0.1), crop_type='relative', allow_negative_crop=%)"
    let dropped = try apply("[\(steps.replacingOccurrences(of: "%", with: "False"))]", sample, seed: 4)
    #expect(dropped?.image == nil)
    let kept = try #require(
      try apply("[\(steps.replacingOccurrences(of: "%", with: "True"))]", sample, seed: 4))
    #expect(kept.detection.boxes?.isEmpty == true && kept.detection.labels == [])
  }

  static let cropKinds = [
    "crop_size=(20, 50), crop_type='absolute_range'", "crop_size=(0.3, 0.5), crop_type='relative_range'",
    "crop_size=(0.5, 0.25), crop_type='relative'",
  ]

  @Test(arguments: cropKinds) func `sizes of crops stay within their range`(_ keys: String) throws {
    for seed in 0..<8 {
      let sample = placeSample(height: 40, width: 60, [[0, 0, 60, 40]])
      let result = try #require(try apply("[dict(type='RandomCrop', \(keys))]", sample, seed: UInt64(seed)))
      let (h, w) = (result.meta.imageShape[0], result.meta.imageShape[1])
      if keys.contains("absolute_range") { #expect((20...40).contains(h) && (20...50).contains(w)) }
      if keys.contains("relative_range") { #expect((12...40).contains(h) && (30...60).contains(w)) }
      if keys.contains("'relative'") { #expect(h == 20 && w == 15) }
    }
  }

  @Test(arguments: 0..<4 as Range<UInt64>) func `an expanded picture holds the old one where the boxes say`(
    _ seed: UInt64
  ) throws {
    let sample = placeSample(height: 40, width: 60, boxes, masks: true)
    let result = try #require(
      try apply("[dict(type='Expand', mean=(9, 8, 200), ratio_range=(1.5, 2), prob=1)]", sample, seed: seed))
    let image = try #require(result.image)
    #expect((60...80).contains(image.height) && (90...120).contains(image.width))
    for (index, original) in boxes.enumerated() {
      let box = try #require(result.detection.boxes)[index]
      #expect(box.width == original[2] - original[0])
      let corner = pixel(image, box.x1, box.y1)
      #expect(corner == [original[0], original[1]])
    }
    #expect(result.detection.masks?.boundingBoxes == result.detection.boxes)
    // mean comes as red, green, blue; the border is blue, green, red.
    let first = image.bytes.map { Array($0.prefix(3)) }
    #expect(first == [200, 8, 9] || first == [0, 0, 7])
  }

  @Test(arguments: 0..<6 as Range<UInt64>) func `a crop by overlap keeps centres inside`(_ seed: UInt64)
    throws
  {
    let sample = placeSample(height: 40, width: 60, boxes, labels: [7, 8, 9], masks: true)
    let result = try #require(
      try apply("[dict(type='MinIoURandomCrop', min_ious=(0.1, 0.3))]", sample, seed: seed))
    let (image, fields) = (try #require(result.image), result.detection)
    let offset = pixel(image, 0, 0)
    #expect(fields.labels?.count == fields.boxes?.count && fields.masks?.count == fields.labels?.count)
    for (index, label) in (fields.labels ?? []).enumerated() {
      let (box, original) = (try #require(fields.boxes)[index], boxes[label - 7])
      #expect(
        box.x1 == max(original[0] - offset[0], 0)
          && box.y2 == min(original[3] - offset[1], Float(image.height)))
    }
  }

  @Test func `a shift moves boxes with the picture`() throws {
    let sample = placeSample(height: 40, width: 60, [[20, 15, 40, 30]])
    for seed in 0..<6 {
      let result = try #require(
        try apply("[dict(type='RandomShift', shift_ratio=1.0, max_shift_px=9)]", sample, seed: UInt64(seed)))
      let box = try #require(result.detection.boxes)[0]
      let corner = pixel(try #require(result.image), box.x1, box.y1)
      #expect(corner == [20, 15])
    }
  }

  @Test func `cut-outs have their size and colour`() throws {
    let sample = placeSample(height: 40, width: 60, [])
    let result = try #require(
      try apply("[dict(type='CutOut', n_holes=1, cutout_shape=(6, 4), fill_in=(1, 2, 99))]", sample, seed: 1))
    let bytes = try #require(result.image?.bytes)
    let cut = stride(from: 2, to: bytes.count, by: 3).filter { bytes[$0] == 99 }.count
    #expect((1...24).contains(cut))
    #expect(stride(from: 2, to: bytes.count, by: 3).allSatisfy { bytes[$0] == 99 || bytes[$0] == 7 })
  }

  @Test func `photometric distortion leaves boxes alone and gives floats`() throws {
    let sample = placeSample(height: 40, width: 60, boxes)
    var changed = 0
    for seed in 0..<12 {
      let result = try #require(try apply("[dict(type='PhotoMetricDistortion')]", sample, seed: UInt64(seed)))
      #expect(result.image?.isFloat == true)
      #expect(result.detection.boxes == sample.detection.boxes)
      if result.image != sample.image?.toFloat() { changed += 1 }
    }
    #expect(changed > 8)
  }

  @Test func `multi-scale sizes come from the list, or lie between two`() throws {
    var seen: Set<Int> = []
    for seed in 0..<30 {
      let sample = placeSample(height: 40, width: 40, boxes)
      let value = "[dict(type='Resize', img_scale=[(80, 80), (96, 96)], multiscale_mode='value')]"
      seen.insert(try #require(try apply(value, sample, seed: UInt64(seed))).meta.imageShape[0])
      let range = "[dict(type='Resize', img_scale=[(80, 80), (96, 96)], multiscale_mode='range')]"
      #expect(
        (80...96).contains(try #require(try apply(range, sample, seed: UInt64(seed))).meta.imageShape[0]))
      let ratio = "[dict(type='Resize', img_scale=(80, 80), ratio_range=(0.5, 2.0))]"
      #expect(
        (40...160).contains(try #require(try apply(ratio, sample, seed: UInt64(seed))).meta.imageShape[0]))
    }
    #expect(seen == [80, 96])
  }

  @Test func `flips are as frequent as the config says`() throws {
    var counts: [String: Int] = [:]
    let pipeline = try detectionPipeline(
      "[dict(type='RandomFlip', flip_ratio=[0.3, 0.5], direction=['horizontal', 'vertical'])]")
    var generator = RandomGenerator(seed: 5)
    for _ in 0..<1000 {
      var sample = placeSample(height: 4, width: 4, [])
      _ = try pipeline.apply(&sample, using: &generator)
      counts[sample.meta.flipDirection ?? "none", default: 0] += 1
    }
    #expect((250...350).contains(counts["horizontal"] ?? 0) && (450...550).contains(counts["vertical"] ?? 0))
    #expect((150...250).contains(counts["none"] ?? 0))
  }

  @Test func `small changes of hue and value keep the picture a picture`() throws {
    let sample = placeSample(height: 40, width: 60, boxes)
    let result = try #require(
      try apply(
        "[dict(type='YOLOXHSVRandomAug', hue_delta=0, saturation_delta=0, value_delta=40)]", sample, seed: 2))
    #expect(result.image?.isFloat == false && result.detection.boxes == sample.detection.boxes)
  }

  @Test(arguments: 0..<8 as Range<UInt64>) func `a random centre crop moves boxes with the picture`(
    _ seed: UInt64
  ) throws {
    var sample = placeSample(height: 40, width: 60, boxes, labels: [7, 8, 9])
    sample.image = sample.image?.toFloat()
    let text =
      "[dict(type='RandomCenterCropPad', crop_size=(50, 50), ratios=(0.8, 1.2), border=16, mean=[0, 0, 0], std=[1, 1, 1], "
      + "to_rgb=True, test_pad_mode=None)]"
    let result = try #require(try apply(text, sample, seed: seed))
    let image = try #require(result.image)
    #expect([40, 60].contains(image.height) && image.width == image.height)
    for (index, label) in (result.detection.labels ?? []).enumerated() {
      let (box, original) = (try #require(result.detection.boxes)[index], boxes[label - 7])
      guard box.x1 > 0, box.y1 > 0, box.x1 < Float(image.width), box.y1 < Float(image.height) else {
        continue
      }
      let corner = pixel(image, box.x1, box.y1)
      #expect(corner == [original[0], original[1]] || corner == [0, 0])
    }
  }
}
