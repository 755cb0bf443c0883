import Testing

@testable import Core

@Suite struct ImageResizeTests {
  @Test func equalsOpenCVAndPillow() throws {
    let image = try ImageFixture.large()
    let cases = try ImageFixture.goldens.get().resizing
    #expect(cases.count > 200)
    for item in cases {
      var source = image.withChannels(item.channels)
      if let crop = item.crop { source = source.cropped(x: 0, y: 0, width: crop[0], height: crop[1]) }
      if item.float == true { source = source.toFloat() }
      let interpolation = try #require(Interpolation(rawValue: item.interpolation))
      let backend = try #require(ImageBackend(rawValue: item.backend))
      let made = source.resized(
        width: item.size[0], height: item.size[1], interpolation: interpolation, backend: backend)
      // Bicubic bytes may differ by one where the exact value lies half-way between two.
      let ties = interpolation == .bicubic && item.float != true
      let difference = made.difference(
        from: item.result, tolerance: ties ? 1 : 3e-4, portion: ties ? 0.002 : 0)
      if let difference {
        Issue.record("\(item.channels) channels, \(item.size), \(interpolation), \(backend): \(difference)")
      }
    }
  }

  @Test func keepsTheImageAtItsOwnSize() throws {
    let image = try ImageFixture.large()
    for backend in ImageBackend.allCases {
      for interpolation in Interpolation.allCases where interpolation.exists(in: backend) {
        #expect(
          image.resized(width: 61, height: 47, interpolation: interpolation, backend: backend) == image)
      }
    }
  }

  @Test func rescalesWithin() {
    func size(_ width: Int, _ height: Int, _ scale: RescaleTarget) -> [Int] {
      let result = rescaleSize(width: width, height: height, scale: scale)
      return [result.width, result.height]
    }
    #expect(size(640, 480, .within(1333, 800)) == [1067, 800])
    #expect(size(640, 427, .within(800, 1333)) == [1199, 800])
    #expect(size(2000, 300, .within(1333, 800)) == [1333, 200])
    #expect(size(101, 51, .factor(0.5)) == [51, 26])
    #expect(size(500, 2, .factor(0.1)) == [50, 1])
  }

  @Test func rescalesImages() throws {
    let (image, factor) = try ImageFixture.large().rescaled(to: .within(30, 30))
    #expect([image.width, image.height] == [30, 23])
    #expect(factor == 30.0 / 61.0)
  }
}

extension Image {
  /// The test picture with 1 (green), 3 or 4 (green again) channels.
  func withChannels(_ wanted: Int) -> Image {
    guard wanted != 3, case .u8(let samples) = pixels else { return self }
    var out: [UInt8] = []
    for i in 0..<width * height {
      if wanted == 4 { out += samples[3 * i..<3 * i + 3] }
      out.append(samples[3 * i + 1])
    }
    return Image(width: width, height: height, channels: wanted, bytes: out)
  }
}
