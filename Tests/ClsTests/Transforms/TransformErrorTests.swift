import Core
import OrderedCollections
import PyConfig
import Testing

@testable import Cls

/// Wrong options and pictures that do not fit are errors with a place, never traps.
@Suite struct TransformErrorTests {
  static let options: [(String, String)] = [
    (
      "[dict(type='Resise', size=3)]",
      "c.py:1: pipeline.0.type: 'Resise' is not in the pipeline registry; did you mean 'Resize'?"
    ),
    ("[dict(type='Resize')]", "c.py:1: pipeline.0: missing required key 'size'"),
    (
      "[dict(type='Resize', size=4, inerpolation='nearest')]",
      "c.py:1: pipeline.0: unknown key 'inerpolation'; did you mean 'interpolation'? "
        + "accepted keys: adaptive_side, backend, interpolation, size, type"
    ),
    (
      "[dict(type='Resize', size=0)]",
      "pipeline.0.size: must be a positive int, (h, w) or (n, -1), found [0, 0]"
    ),
    ("[dict(type='Resize', size=(3, 4, 5))]", "pipeline.0.size: must be a positive int"),
    (
      "[dict(type='Resize', size=10**9)]",
      "pipeline.0.size: must be at most 65536, found [1000000000, 1000000000]"
    ),
    (
      "[dict(type='Resize', size=4, interpolation='box')]",
      "pipeline.0.interpolation: the cv2 backend has nearest, bilinear, bicubic, area, lanczos, found 'box'"
    ),
    ("[dict(type='CenterCrop', crop_size=-1)]", "pipeline.0.crop_size: must be in 1...65536, found -1"),
    (
      "[dict(type='CenterCrop', crop_size=(3, 4), efficientnet_style=True)]",
      "pipeline.0.crop_size: must be one number with efficientnet_style, found 3x4"
    ),
    ("[dict(type='RandomFlip', flip_prob=1.5)]", "pipeline.0.flip_prob: must be in 0...1, found 1.5"),
    (
      "[dict(type='RandomFlip', direction='horisontal')]",
      "pipeline.0.direction: must be one of horizontal, vertical, diagonal, found 'horisontal'; did you mean 'horizontal'?"
    ),
    (
      "[dict(type='RandomResizedCrop', size=4, scale=(1, 0.5))]",
      "pipeline.0.scale: must be (min, max), ordered"
    ),
    (
      "[dict(type='RandomResizedCrop', size=4, ratio=(0, 1))]",
      "pipeline.0.ratio: must be (min, max), ordered"
    ),
    (
      "[dict(type='RandomResizedCrop', size=4, scale=(0, 1e300))]",
      "pipeline.0.scale: must be (min, max), ordered"
    ),
    (
      "[dict(type='RandomResizedCrop', size=4, max_attempts=-1)]",
      "pipeline.0.max_attempts: must be in 0...1000000"
    ),
    ("[dict(type='RandomCrop', size=4, padding=(1, 2, 3))]", "pipeline.0.padding: must be 1, 2 or 4 numbers"),
    ("[dict(type='RandomCrop', size=4, padding=-1)]", "pipeline.0.padding: must be 1, 2 or 4 numbers"),
    ("[dict(type='Pad')]", "pipeline.0: exactly one of size and pad_to_square must be given"),
    (
      "[dict(type='Normalize', mean=[1, 2], std=[1, 2])]",
      "pipeline.0: mean and std must have 1 or 3 numbers each"
    ),
    ("[dict(type='Normalize', mean=[1], std=[0])]", "std none of them 0, found [1.0] and [0.0]"),
    ("[dict(type='Normalize', mean='a', std=[1])]", "c.py:1: pipeline.0.mean: expected list, found str 'a'"),
    ("dict(type='Resize', size=4)", "pipeline: expected list of transforms, found dict with keys type, size"),
    (
      "[dict(type='Compose', transforms=[dict(type='Resize', size='x')])]",
      "pipeline.0.transforms.0.size: expected int, found str 'x'"
    ),
  ]

  @Test(arguments: options) func `a wrong option is named`(_ text: String, _ expected: String) {
    let message = errorText { _ = try pipeline(text) }
    #expect(message.contains(expected), "\(message)")
    #expect(message.hasPrefix("c.py:1:"), "\(message)")
  }

  static let pictures: [(String, String)] = [
    (
      "[dict(type='RandomCrop', size=50)]",
      "p/a.png: RandomCrop: the image must be at least 50x50, found 20x30"
    ),
    ("[dict(type='Pad', size=10)]", "p/a.png: Pad: the image must be at most 10, found 20x30"),
    ("[dict(type='Pad', size=40, pad_val=(1, 2))]", "p/a.png: Pad: pad_val must be 1 or 3 numbers, found 2"),
    (
      "[dict(type='Pad', size=60000)]",
      "p/a.png: Pad: an image of at most 268435456 pixels, found 60000x60000"
    ),
    (
      "[dict(type='Resize', size=60000)]",
      "p/a.png: Resize: an image of at most 268435456 pixels, found 60000x60000"
    ),
    (
      "[dict(type='Normalize', mean=[1], std=[1]), dict(type='Resize', size=4, backend='pillow')]",
      "p/a.png: Resize: the pillow backend takes 8-bit images of 1, 3 or 4 channels, found floats"
    ),
    ("[dict(type='Collect', keys=['img', 'gt_label'])]", "p/a.png: Collect: the sample has no 'gt_label'"),
    ("[dict(type='ImageToTensor', keys=['image'])]", "p/a.png: ImageToTensor: the sample has no 'image'"),
    ("[dict(type='LoadImageFromFile')]", "p/a.png: must exist, found nothing"),
  ]

  @Test(arguments: pictures) func `a picture that does not fit is named`(_ text: String, _ expected: String)
    throws
  {
    let steps = try pipeline(text)
    let message = errorText {
      var generator = RandomGenerator(seed: 0)
      var sample = Sample(
        file: SampleFile(prefix: "p", name: "a.png"), image: RandomTransformTests.places(20, 30))
      _ = try steps.apply(&sample, using: &generator)
    }
    #expect(message.contains(expected), "\(message)")
  }

  @Test func `a transform before the image is loaded says so`() throws {
    let steps = try pipeline("[dict(type='Resize', size=4)]")
    let message = errorText {
      var generator = RandomGenerator(seed: 0)
      var sample = Sample(file: SampleFile(prefix: nil, name: "b.png"))
      _ = try steps.apply(&sample, using: &generator)
    }
    #expect(
      message == "b.png: Resize: the pipeline must load an image first; put LoadImageFromFile before it")
  }
}
