import Core
import Testing

@testable import Seg

@Suite struct OverlayTests {
  @Test func `picture and colours are mixed in the original's arithmetic`() {
    let picture = Image(width: 3, height: 1, channels: 3, bytes: [10, 20, 30, 255, 255, 255, 101, 7, 0])
    let labels = LabelMap(height: 1, width: 3, labels: [0, 1, 9])
    let half = Overlay(palette: [[1, 2, 3], [255, 0, 100]])(labels, on: picture)
    // (10 + 3) / 2, (20 + 2) / 2, (30 + 1) / 2, cut to whole numbers; classes without a colour are black.
    #expect(half.bytes == [6, 11, 15, 177, 127, 255, 50, 3, 0])
    let full = Overlay(palette: [[1, 2, 3], [255, 0, 100]], opacity: 1)(labels, on: picture)
    #expect(full.bytes == [3, 2, 1, 100, 0, 255, 0, 0, 0])
  }

  @Test func `a tested picture is brought back to what the file shows`() throws {
    let text = """
      [dict(type='LoadImageFromFile'), dict(type='MultiScaleFlipAug', img_scale=(41, 29), flip=True, transforms=[
        dict(type='Resize', keep_ratio=True), dict(type='RandomFlip'),
        dict(type='Normalize', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
        dict(type='Pad', size_divisor=32), dict(type='ImageToTensor', keys=['img']), dict(type='Collect', keys=['img'])])]
      """
    var (sample, generator) = (TransformGoldenTests.sample("wide.png"), RandomGenerator(seed: 0))
    _ = try dataPipeline(text.replacing("\n", with: " ")).apply(&sample, using: &generator)
    let picture = try TestPicture([sample])
    #expect(
      picture.views.count == 2 && picture.views[0].images.height == 32 && picture.views[0].images.width == 64)
    let (shown, original) = (
      picture.picture(), try Image.read(path: DataGolden.path("seg-transforms/wide.png"))
    )
    #expect([shown.height, shown.width] == [29, 41])
    for (a, b) in zip(shown.bytes ?? [], original.bytes ?? []) { #expect(abs(Int(a) - Int(b)) <= 1) }
  }
}
