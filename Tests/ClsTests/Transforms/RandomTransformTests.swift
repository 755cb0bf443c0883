import Core
import OrderedCollections
import PyConfig
import Testing

@testable import Cls

/// Transforms that draw: the same for a seed, and distributed as they should be.
@Suite struct RandomTransformTests {
  /// Each pixel tells its place: (x, y, 0).
  static func places(_ height: Int, _ width: Int) -> Image {
    var bytes: [UInt8] = []
    for y in 0..<height { for x in 0..<width { bytes += [UInt8(x), UInt8(y), 0] } }
    return Image(width: width, height: height, channels: 3, bytes: bytes)
  }

  static func results(_ text: String, seeds: Range<Int>, of image: Image = places(20, 30)) throws -> [Image] {
    let steps = try pipeline(text)
    return try seeds.map { seed in
      var generator = RandomGenerator(seed: 7, seed)
      var sample = Sample(image: image)
      #expect(try steps.apply(&sample, using: &generator))
      return try #require(sample.image)
    }
  }

  @Test(arguments: [
    "[dict(type='RandomCrop', size=8)]", "[dict(type='RandomResizedCrop', size=8)]",
    "[dict(type='RandomResizedCrop', size=8, efficientnet_style=True)]", "[dict(type='RandomFlip')]",
  ]) func `a seed decides`(_ text: String) throws {
    let first = try Self.results(text, seeds: 0..<30)
    #expect(try Self.results(text, seeds: 0..<30) == first)
    #expect(try Self.results(text, seeds: 100..<130) != first)
  }

  @Test func `a flip happens as often as asked`() throws {
    let image = Self.places(4, 6)
    for (probability, low, high) in [(0.0, 0, 0), (0.3, 220, 380), (0.5, 420, 580), (1.0, 1000, 1000)] {
      let flipped = try Self.results(
        "[dict(type='RandomFlip', flip_prob=\(probability))]", seeds: 0..<1000, of: image
      )
      .filter { $0 != image }.count
      #expect((low...high).contains(flipped), "\(probability): \(flipped)")
    }
  }

  @Test func `a crop starts everywhere equally often`() throws {
    var starts: [[UInt8]: Int] = [:]
    for image in try Self.results("[dict(type='RandomCrop', size=(18, 28))]", seeds: 0..<1800) {
      #expect((image.height, image.width) == (18, 28))
      starts[Array(try #require(image.bytes)[..<2]), default: 0] += 1
    }
    #expect(starts.count == 9)
    #expect(starts.values.allSatisfy { (140...260).contains($0) }, "\(starts)")
  }

  @Test func `resized crops cover areas and ratios evenly`() throws {
    let steps = try pipeline("[dict(type='RandomResizedCrop', size=8, scale=(0.1, 0.5), ratio=(0.5, 2.0))]")
    let crop = try #require(steps.transforms.first as? RandomResizedCrop)
    var generator = RandomGenerator(seed: 3)
    var (areas, wide) = ([Double](), 0)
    for _ in 0..<4000 {
      let box = crop.box(400, 600, using: &generator)
      #expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 600 && box.y + box.height <= 400)
      areas.append(Double(box.width * box.height) / 240000)
      if box.width > box.height { wide += 1 }
    }
    #expect(try #require(areas.min()) > 0.098 && areas.max() ?? 1 < 0.502)
    let mean = areas.reduce(0, +) / 4000
    #expect(abs(mean - 0.3) < 0.01, "\(mean)")
    #expect((1880...2120).contains(wide), "\(wide)")
  }

  @Test func `EfficientNet's crops keep area, ratio and cover`() throws {
    let steps = try pipeline(
      "[dict(type='RandomResizedCrop', size=8, efficientnet_style=True, scale=(0.2, 0.6))]")
    let crop = try #require(steps.transforms.first as? RandomResizedCrop)
    var generator = RandomGenerator(seed: 3)
    for _ in 0..<2000 {
      let box = crop.efficientNetBox(300, 200, using: &generator)
      #expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 200 && box.y + box.height <= 300)
      let area = Double(box.width * box.height) / 60000
      #expect((0.2...0.6).contains(area))
      #expect((0.74...1.35).contains(Double(box.width) / Double(box.height)))
    }
  }
}
