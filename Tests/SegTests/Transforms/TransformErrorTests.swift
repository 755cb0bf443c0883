import Core
import Testing

@testable import Seg

/// Wrong options, and pictures and label maps that do not fit, are errors with a place, never traps.
@Suite struct TransformErrorTests {
  static let options: [(String, String)] = [
    (
      "[dict(type='Resize', img_scale=(0, 4))]",
      "pipeline.0.img_scale: must be (w, h), both in 1...65536, found [0, 4]"
    ),
    ("[dict(type='Resize', img_scale=4)]", "pipeline.0.img_scale: expected list, found int 4"),
    (
      "[dict(type='Resize', ratio_range=(2, 0.5))]",
      "pipeline.0.ratio_range: must be (min, max), ordered and in 0...1000"
    ),
    (
      "[dict(type='Resize', img_scale=[(4, 4), (5, 5)], ratio_range=(0.5, 2))]",
      "pipeline.0.img_scale: must be one size with ratio_range, found 2"
    ),
    (
      "[dict(type='Resize', img_scale=[(4, 4), (5, 5), (6, 6)])]",
      "pipeline.0.img_scale: must be two sizes with multiscale_mode='range', found 3"
    ),
    (
      "[dict(type='Resize', multiscale_mode='rang')]",
      "pipeline.0.multiscale_mode: must be one of range, value, found 'rang'; did you mean 'range'?"
    ),
    ("[dict(type='RandomFlip', prob=1.5)]", "pipeline.0.prob: must be in 0...1, found 1.5"),
    (
      "[dict(type='RandomFlip', prob=1, direction='diagonal')]",
      "pipeline.0.direction: must be 'horizontal' or 'vertical', found 'diagonal'"
    ),
    ("[dict(type='Pad')]", "pipeline.0: exactly one of size and size_divisor must be given"),
    (
      "[dict(type='Pad', size=4, size_divisor=4)]",
      "pipeline.0: exactly one of size and size_divisor must be given"
    ),
    (
      "[dict(type='Pad', size=4, seg_pad_val=300)]", "pipeline.0.seg_pad_val: must be in 0...255, found 300.0"
    ),
    ("[dict(type='RandomCrop', crop_size=(0, 4))]", "pipeline.0.crop_size: must be in 1...65536, found 0x4"),
    (
      "[dict(type='RandomRotate', prob=1, degree=-3)]",
      "pipeline.0.degree: must be a positive number or (min, max)"
    ),
    (
      "[dict(type='RandomRotate', prob=1, degree=3, center=(1, 2), auto_bound=True)]",
      "pipeline.0.center: must not be given with auto_bound=True"
    ),
    (
      "[dict(type='RandomCutOut', prob=1, n_holes=1)]",
      "pipeline.0: exactly one of cutout_shape and cutout_ratio must be given"
    ),
    ("[dict(type='RandomMosaic', prob=2)]", "pipeline.0.prob: must be in 0...1, found 2.0"),
    ("[dict(type='AdjustGamma', gamma=0)]", "pipeline.0.gamma: must be in 0...1000000, found 0.0"),
    ("[dict(type='Rerange', min_value=3, max_value=3)]", "pipeline.0: min_value must be below max_value"),
    (
      "[dict(type='CLAHE', tile_grid_size=(0, 8))]",
      "pipeline.0.tile_grid_size: must be two numbers in 1...1024"
    ),
    ("[dict(type='Transpose', keys=['img'], order=(0, 2, 1))]", "pipeline.0.order: must be an order of"),
    (
      "[dict(type='MultiScaleFlipAug', transforms=[])]",
      "pipeline.0: img_scale or img_ratios must be given"
    ),
    (
      "[dict(type='MultiScaleFlipAug', img_scale=(4, 4), flip=True, transforms=["
        + "dict(type='Pad', size_divisor=4), dict(type='RandomFlip')])]",
      "pipeline.0: transforms must have Pad behind RandomFlip where flip=True"
    ),
    (
      "[dict(type='LoadAnotations')]",
      "pipeline.0.type: 'LoadAnotations' is not in the pipeline registry; did you mean 'LoadAnnotations'?"
    ),
  ]

  @Test(arguments: options) func `a wrong option is named`(_ text: String, _ expected: String) {
    let message = complaint { _ = try dataPipeline(text) }
    #expect(message.contains(expected), "\(message)")
    #expect(message.hasPrefix("c.py:1:"), "\(message)")
  }

  static let pictures: [(String, String)] = [
    (
      "[dict(type='Resize')]",
      "p/a.png: Resize: img_scale or ratio_range must be given outside of MultiScaleFlipAug"
    ),
    ("[dict(type='RandomFlip')]", "p/a.png: RandomFlip: prob must be given outside of MultiScaleFlipAug"),
    (
      "[dict(type='Resize', ratio_range=(0.01, 0.01))]",
      "p/a.png: Resize: sides must be in 1...65536, found 0.0 x 0.0"
    ),
    (
      "[dict(type='Resize', img_scale=(60000, 60000), keep_ratio=False)]",
      "p/a.png: Resize: an image of at most 268435456 pixels, found 60000x60000"
    ),
    (
      "[dict(type='Pad', size=(30, 30), pad_val=(1, 2))]",
      "p/a.png: Pad: pad_val must be 1 or 3 numbers, found 2"
    ),
    (
      "[dict(type='Normalize', mean=[0, 0, 0], std=[1, 1, 1]), dict(type='PhotoMetricDistortion')]",
      "p/a.png: PhotoMetricDistortion: a picture of three channels of bytes, found 3 of floats"
    ),
    (
      "[dict(type='RandomMosaic', prob=1)]",
      "p/a.png: RandomMosaic: works in the pipeline of a MultiImageMixDataset only"
    ),
    (
      "[dict(type='Collect', keys=['img', 'gt_seg'])]",
      "p/a.png: Collect: the sample has no 'gt_seg'; known keys: img, gt_semantic_seg"
    ),
    (
      "[dict(type='LoadAnnotations')]",
      "p/a.png: LoadAnnotations: the data set has no label maps; set its ann_dir"
    ),
    (
      "[dict(type='RGB2Gray', weights=(1, 2))]",
      "p/a.png: RGB2Gray: the picture must have a channel for each of the 2 weights, found 3"
    ),
  ]

  @Test(arguments: pictures) func `a picture that does not fit is named`(_ text: String, _ expected: String)
    throws
  {
    let steps = try dataPipeline(text)
    let message = complaint {
      var (sample, generator) = (RandomTransformTests.places(9, 12), RandomGenerator(seed: 0))
      _ = try steps.apply(&sample, using: &generator)
    }
    #expect(message.contains(expected), "\(message)")
  }

  @Test func `label maps of another size are named where it matters`() throws {
    func run(_ text: String) throws -> String {
      let steps = try dataPipeline(text)
      return complaint {
        var (sample, generator) = (RandomTransformTests.places(9, 12), RandomGenerator(seed: 0))
        sample.labels = RandomTransformTests.places(18, 24).labels
        sample.labelFile = SampleFile(prefix: "p", name: "labels.png")
        _ = try steps.apply(&sample, using: &generator)
        _ = try HostSegmentationBatch([sample])
      }
    }
    let text =
      "a picture and its label map must have one size, found 9x12 and 18x24 in p/labels.png; "
      + "check that they belong together, or resize both with keep_ratio=False before"
    #expect(try run("[dict(type='RandomCrop', crop_size=(4, 4))]") == "p/a.png: RandomCrop: \(text)")
    #expect(try run("[dict(type='Collect', keys=['img', 'gt_semantic_seg'])]") == "p/a.png: Collect: \(text)")
    #expect(
      try run("[dict(type='Pad', size=(10, 12))]").hasPrefix(
        "p/a.png: Pad: the label map must be at most of the padded picture's size 10x12, found 18x24 in p/labels.png"
      ))
    // Resizing brings label maps at half resolution to their pictures' size, as in the original.
    #expect(
      try run(
        "[dict(type='Resize', img_scale=(24, 18)), dict(type='Collect', keys=['img', 'gt_semantic_seg'])]")
        == "nothing")
  }
}
