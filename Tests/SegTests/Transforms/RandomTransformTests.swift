import Core
import Testing

@testable import Seg

/// Random steps draw from the distributions of the original, and do to the label map what they do to the picture.
@Suite struct RandomTransformTests {
  /// A picture whose pixels tell where they come from, with the same numbers as labels.
  static func places(_ height: Int, _ width: Int) -> Sample {
    precondition(height <= 256 && width <= 256, "places: at most 256x256")
    var bytes: [UInt8] = []
    for y in 0..<height { for x in 0..<width { bytes += [UInt8(y), UInt8(x), 0] } }
    var sample = Sample(
      file: SampleFile(prefix: "p", name: "a.png"),
      image: Image(width: width, height: height, channels: 3, bytes: bytes))
    sample.labels = Image(
      width: width, height: height, channels: 1, bytes: (0..<(height * width)).map { UInt8($0 % width) })
    return sample
  }

  private func draws(_ count: Int, _ text: String, _ start: Sample, _ body: (Sample) throws -> Void) throws {
    let steps = try dataPipeline(text)
    var generator = RandomGenerator(seed: 7)
    for _ in 0..<count {
      var sample = start
      #expect(try steps.apply(&sample, using: &generator))
      try body(sample)
    }
  }

  @Test func `crops lie everywhere, the same in both`() throws {
    var corners = [[Int]: Int]()
    try draws(3000, "[dict(type='RandomCrop', crop_size=(4, 6))]", Self.places(7, 8)) { sample in
      let (image, labels) = (try #require(sample.image), try #require(sample.labels))
      #expect([image.height, image.width, labels.height, labels.width] == [4, 6, 4, 6])
      let bytes = try #require(image.bytes)
      #expect(labels.bytes == stride(from: 1, to: bytes.count, by: 3).map { bytes[$0] })
      corners[[Int(bytes[0]), Int(bytes[1])], default: 0] += 1
    }
    #expect(corners.count == 12 && corners.values.allSatisfy { (180...320).contains($0) }, "\(corners)")
  }

  @Test func `crops of one class are tried again`() throws {
    var start = Self.places(8, 64)
    // Class 1 in the right quarter.
    start.labels = Image(width: 64, height: 8, channels: 1, bytes: (0..<512).map { $0 % 64 < 48 ? 0 : 1 })
    func mixed(_ ratio: String) throws -> Int {
      var count = 0
      try draws(400, "[dict(type='RandomCrop', crop_size=(8, 16), cat_max_ratio=\(ratio))]", start) {
        sample in
        let ones = try #require(sample.labels?.bytes).count { $0 == 1 }
        if ones > 32 && ones < 96 { count += 1 }
      }
      return count
    }
    // 7 of 49 places have both classes with at most three quarters each; with ten more tries 4/5 of the draws end there.
    let (free, bound) = (try mixed("1.0"), try mixed("0.75"))
    #expect((30...95).contains(free) && (300...365).contains(bound), "\(free) \(bound)")
  }

  @Test func `sizes are drawn as the mode says`() throws {
    var ratios: [Double] = []
    try draws(500, "[dict(type='Resize', img_scale=(100, 50), ratio_range=(0.5, 2.0))]", Self.places(20, 40))
    {
      sample in
      ratios.append(Double(try #require(sample.image).width) / 100)
      #expect(sample.labels?.width == sample.image?.width && sample.labels?.height == sample.image?.height)
    }
    #expect((ratios.min() ?? 0) >= 0.49 && (ratios.min() ?? 0) < 0.53 && (ratios.max() ?? 0) > 1.95)
    #expect(abs(ratios.reduce(0, +) / 500 - 1.25) < 0.06)

    var sides = Set<Int>()
    try draws(300, "[dict(type='Resize', img_scale=[(40, 20), (44, 22)])]", Self.places(20, 40)) { sample in
      sides.insert(Int(try #require(sample.scale).width))
    }
    #expect(sides == [40, 41, 42, 43, 44])
    var chosen: [Int: Int] = [:]
    try draws(
      300, "[dict(type='Resize', img_scale=[(40, 20), (44, 22), (60, 30)], multiscale_mode='value')]",
      Self.places(20, 40)
    ) {
      chosen[try #require($0.image).width, default: 0] += 1
    }
    #expect(chosen.keys.sorted() == [40, 44, 60] && chosen.values.allSatisfy { $0 > 70 })
  }

  @Test func `flips happen with the probability`() throws {
    var flipped = 0
    let start = Self.places(4, 6)
    try draws(1000, "[dict(type='RandomFlip', prob=0.3)]", start) { sample in
      guard sample.meta.isFlipped else { return #expect(sample.image == start.image) }
      flipped += 1
      #expect(sample.image == start.image?.flipped() && sample.labels == start.labels?.flipped())
    }
    #expect((250...350).contains(flipped))
  }

  @Test func `turns happen with the probability, in the range`() throws {
    var turned = 0
    let start = Self.places(9, 9)
    try draws(600, "[dict(type='RandomRotate', prob=0.5, degree=(20, 70))]", start) { sample in
      guard sample.image != start.image else { return }
      turned += 1
      // The corner's label leaves the picture whatever the angle.
      #expect(sample.labels?.bytes?.first == 255)
    }
    #expect((250...350).contains(turned))
  }

  @Test func `holes are where the original puts them`() throws {
    var (count, area) = (0, 0)
    try draws(
      800,
      "[dict(type='RandomCutOut', prob=0.5, n_holes=1, cutout_shape=(4, 3), fill_in=(9, 8, 200), seg_fill_in=77)]",
      Self.places(30, 40)
    ) {
      sample in
      let holes = try #require(sample.labels?.bytes).count { $0 == 77 }
      let bytes = try #require(sample.image?.bytes)
      #expect(stride(from: 2, to: bytes.count, by: 3).count { bytes[$0] == 200 } == holes)
      if holes > 0 { (count, area) = (count + 1, area + holes) }
      #expect(holes <= 12)
    }
    #expect((340...460).contains(count) && area > count * 10)
    try draws(
      50, "[dict(type='RandomCutOut', prob=1, n_holes=(2, 4), cutout_ratio=[(0.1, 0.1), (0.2, 0.5)])]",
      Self.places(30, 40)
    ) {
      #expect($0.image != Self.places(30, 40).image && $0.labels == Self.places(30, 40).labels)
    }
  }

  @Test func `colours change as often as they should`() throws {
    let start = Self.places(40, 60)
    var same = 0
    try draws(1000, "[dict(type='PhotoMetricDistortion')]", start) {
      if $0.image == start.image { same += 1 }
    }
    // Four changes, each with probability 1/2.
    #expect((35...95).contains(same), "\(same)")
  }

  @Test func `a mosaic shows four pictures`() throws {
    var start = Self.places(20, 20)
    start.mixed = (1...3).map { index in
      var other = Sample(image: Image(width: 20, height: 20, channels: 3, filledWith: UInt8(index * 50)))
      other.labels = Image(width: 20, height: 20, channels: 1, filledWith: UInt8(100 + index))
      return other
    }
    var centers = Set<Int>()
    try draws(200, "[dict(type='RandomMosaic', prob=0.5, img_scale=(20, 20))]", start) { sample in
      let labels = try #require(sample.labels)
      guard labels.width == 40 else { return #expect(sample.image == start.image) }
      #expect(labels.height == 40 && sample.meta.originalShape == [40, 40, 3])
      let bytes = try #require(labels.bytes)
      for label in 101...103 { #expect(bytes.contains(UInt8(label))) }
      centers.insert(bytes.firstIndex { $0 == 101 } ?? 0)
    }
    #expect(centers.count > 50)
  }
}
