import Core
import Foundation
import Testing

@testable import Det

/// What transforms say of wrong options and of samples that do not fit.
@Suite struct DetectionTransformErrorTests {
  static let options: [(String, String)] = [
    (
      "[dict(type='Resize', img_scale=(1333, 800, 3))]",
      "pipeline.0.img_scale: must be a pair of numbers in 1...65536, found [1333, 800, 3]"
    ),
    (
      "[dict(type='Resize', img_scale=[(1, 2), (3, 4), (5, 6)])]",
      "must be one or two scales with multiscale_mode='range', found 3"
    ),
    (
      "[dict(type='Resize', img_scale=[(1, 2), (3, 4)], ratio_range=(0.5, 2))]",
      "must go with one img_scale, found 2"
    ),
    ("[dict(type='Resize', img_scale=(9, 9), multiscale_mode='values')]", "did you mean 'value'?"),
    (
      "[dict(type='RandomFlip', flip_ratio=1.5)]",
      "pipeline.0.flip_ratio: must be in 0...1 together, found [1.5]"
    ),
    (
      "[dict(type='RandomFlip', flip_ratio=[0.5], direction=['horizontal', 'vertical'])]",
      "must be as many as directions, 2, found 1"
    ),
    ("[dict(type='RandomFlip', flip_prob=0.5)]", "unknown key 'flip_prob'"),
    ("[dict(type='Pad')]", "exactly one of size, size_divisor and pad_to_square must be given"),
    ("[dict(type='Pad', size_divisor=0)]", "pipeline.0.size_divisor: must be in 1...65536, found 0"),
    ("[dict(type='Pad', size_divisor=32, pad_val=dict(image=3))]", "unknown key 'image'"),
    ("[dict(type='Collect', keys=['img'], meta_keys=['flipp'])]", "found 'flipp'; did you mean 'flip'?"),
    (
      "[dict(type='MultiScaleFlipAug', transforms=[])]",
      "exactly one of img_scale and scale_factor must be given"
    ),
    (
      "[dict(type='MultiScaleFlipAug', img_scale=(9, 9), transforms=[dict(type='Resize', keep_ration=True)])]",
      "pipeline.0.transforms.0: unknown key 'keep_ration'; did you mean 'keep_ratio'?"
    ),
    ("[dict(type='RandomCrop', crop_size=(0.5, 0.5))]", "two whole numbers in 1...65536"),
    (
      "[dict(type='RandomCrop', crop_size=(30, 20), crop_type='absolute_range')]",
      "must be (min, max), found [30.0, 20.0]"
    ),
    ("[dict(type='Shear', level=11)]", "pipeline.0.level: must be in 0...10, found 11.0"),
    ("[dict(type='CutOut', n_holes=1)]", "exactly one of cutout_shape and cutout_ratio must be given"),
    (
      "[dict(type='RandomCenterCropPad', mean=[0], std=[1], to_rgb=True)]", "missing required key 'crop_size'"
    ),
    ("[dict(type='Rezise')]", "'Rezise' is not in the pipeline registry; did you mean 'Resize'?"),
  ]

  @Test(arguments: options) func `a wrong option is named`(_ text: String, _ expected: String) {
    let message = textOfError { _ = try detectionPipeline(text) }
    #expect(message.contains(expected), "\(message)")
    #expect(message.hasPrefix("c.py:1:"), "\(message)")
  }

  static let samples: [(String, String)] = [
    (
      "[dict(type='Resize')]",
      "p/a.png: Resize: img_scale must be given outside of MultiScaleFlipAug, found none"
    ),
    (
      "[dict(type='RandomFlip')]",
      "p/a.png: RandomFlip: flip_ratio must be given outside of MultiScaleFlipAug, found none"
    ),
    (
      "[dict(type='Resize', img_scale=(9, 9)), dict(type='Resize', img_scale=(9, 9))]",
      "p/a.png: Resize: the picture is resized already; set override=True to resize it again"
    ),
    (
      "[dict(type='Resize', img_scale=(60000, 60000), keep_ratio=False)]",
      "p/a.png: Resize: an image of at most 268435456 pixels"
    ),
    (
      "[dict(type='Pad', size=(60, 60), pad_val=dict(img=(1, 2)))]",
      "p/a.png: Pad: pad_val must be 1 or 3 numbers, found 2"
    ),
    (
      "[dict(type='LoadAnnotations')]",
      "p/a.png: LoadAnnotations: a data set for testing gives no annotations"
    ),
    (
      "[dict(type='LoadProposals')]",
      "p/a.png: LoadProposals: the data set must have a proposal_file, found none"
    ),
    (
      "[dict(type='Collect', keys=['gt_masks'])]",
      "p/a.png: Collect: the sample has no 'gt_masks'; the pipeline must load it first"
    ),
    (
      "[dict(type='ImageToTensor', keys=['image'])]",
      "p/a.png: ImageToTensor: the sample has no 'image'; known keys: img"
    ),
    ("[dict(type='LoadImageFromFile')]", "p/a.png: must exist, found nothing"),
    (
      "[dict(type='RandomCenterCropPad', crop_size=None, ratios=None, border=None, test_mode=True, mean=[0, 0, 0], std=[1, 1, 1], to_rgb=False)]",
      "p/a.png: RandomCenterCropPad: an image of 3 channels of floats, found 3 of bytes; set to_float32=True"
    ),
    ("[dict(type='Expand', mean=(1, 2), prob=1)]", "p/a.png: Expand: mean must be 3 numbers, found 2"),
    (
      "[dict(type='MultiScaleFlipAug', img_scale=(9, 9), transforms=[dict(type='FilterAnnotations')])]",
      "p/a.png: MultiScaleFlipAug: its transforms dropped the picture"
    ),
  ]

  @Test(arguments: samples) func `a sample that does not fit is named`(_ text: String, _ expected: String)
    throws
  {
    let steps = try detectionPipeline(text)
    let message = textOfError {
      var (sample, generator) = (
        placeSample(height: 20, width: 30, [[0, 0, 0.5, 0.5]]), RandomGenerator(seed: 0)
      )
      _ = try steps.apply(&sample, using: &generator)
    }
    #expect(message.hasPrefix(expected), "\(message)")
  }

  @Test func `masks larger than their picture are told`() throws {
    let steps = try detectionPipeline("[dict(type='Pad', size_divisor=4)]")
    let message = textOfError {
      var (sample, generator) = (
        placeSample(height: 20, width: 30, [[1, 1, 9, 9]], masks: true), RandomGenerator(seed: 0)
      )
      sample.replaceImage(placeImage(height: 8, width: 8))
      _ = try steps.apply(&sample, using: &generator)
    }
    #expect(message.contains("Pad: masks must be at most as large as the picture, 8x8, found 20x30"))
  }
}
