import Testing

@testable import Core

@Suite struct ImageGeometryTests {
  /// 3 x 2 pixels whose samples tell their place: 10 * y + x, plus 100 in the second channel.
  let small = Image(
    width: 3, height: 2, channels: 2, bytes: [0, 100, 1, 101, 2, 102, 10, 110, 11, 111, 12, 112])

  func first(_ image: Image) -> [UInt8] {
    stride(from: 0, to: image.count, by: image.channels).map { image.bytes?[$0] ?? 0 }
  }

  @Test func flips() {
    #expect(first(small.flipped(.horizontal)) == [2, 1, 0, 12, 11, 10])
    #expect(first(small.flipped(.vertical)) == [10, 11, 12, 0, 1, 2])
    #expect(first(small.flipped(.diagonal)) == [12, 11, 10, 2, 1, 0])
    #expect(small.flipped(.horizontal).bytes?.last == 110)
    let floats = small.toFloat()
    #expect(floats.flipped(.diagonal).toBytes() == small.flipped(.diagonal))
  }

  @Test func flipsTwiceBack() throws {
    for channels in [1, 3, 4] {
      let image = try ImageFixture.large().withChannels(channels)
      for direction in FlipDirection.allCases {
        #expect(image.flipped(direction).flipped(direction) == image)
        #expect(image.flipped(direction) != image)
      }
    }
  }

  @Test func pads() throws {
    let whole = try ImageFixture.large()
    let part = whole.cropped(x: 0, y: 0, width: 5, height: 4)
    for item in try ImageFixture.goldens.get().padding {
      let mode = try #require(BorderMode(rawValue: item.mode))
      let made = (item.source == "whole" ? whole : part).padded(
        left: item.borders[0], top: item.borders[1], right: item.borders[2], bottom: item.borders[3],
        value: [10, 200, 33], mode: mode)
      if let difference = made.difference(from: item.result) {
        Issue.record("\(item.source) \(mode) \(item.borders): \(difference)")
      }
    }
  }

  @Test func padsToSizes() throws {
    let image = try ImageFixture.large()
    let grown = image.padded(toWidth: 70, height: 20, value: [7, 7, 7])
    #expect([grown.width, grown.height] == [70, 47])
    #expect(grown.cropped(x: 0, y: 0, width: 61, height: 47) == image)
    #expect(grown.bytes?.last == 7)
    // One number is the first channel's, as OpenCV has it.
    #expect(image.padded(toWidth: 70, height: 20, value: [7]).bytes?.suffix(3) == [7, 0, 0])
    let multiple = image.padded(toMultipleOf: 32)
    #expect([multiple.width, multiple.height] == [64, 64])
    #expect(image.toFloat().padded(right: 2, value: [1.5, 2, 3]).floats?[61 * 3] == 1.5)
  }

  @Test func cropsBoxes() throws {
    let inside = try small.cropped(box: (1, 0, 2, 1))
    #expect(first(inside) == [1, 2, 11, 12])
    // Cut at the edges, or filled.
    #expect(first(try small.cropped(box: (1, -5, 9, 0))) == [1, 2])
    #expect(first(try small.cropped(box: (1, -1, 3, 0), fill: [9])) == [9, 9, 9, 1, 2, 9])
    // Twice as large around the same centre: -1...2 both ways.
    let grown = try small.cropped(box: (0, 0, 1, 1), scale: 2, fill: [9])
    #expect(first(grown) == [9, 9, 9, 9, 9, 0, 1, 2, 9, 10, 11, 12, 9, 9, 9, 9])
    #expect(throws: ImageError.self) { _ = try small.cropped(box: (2, 0, 1, 1)) }
    #expect(throws: ImageError.self) { _ = try small.cropped(box: (.nan, 0, 1, 1)) }
  }

  @Test func normalizes() throws {
    let image = try ImageFixture.large()
    for item in try ImageFixture.goldens.get().normalizing {
      var source = image
      if item.scaled, case .f32(let samples) = image.toFloat().pixels {
        source = Image(
          width: image.width, height: image.height, channels: 3, floats: samples.map { $0 * 0.37 })
      }
      let made = source.normalized(mean: item.mean, std: item.std, toRGB: item.to_rgb)
      if let difference = made.difference(from: item.result) {
        Issue.record("\(item.mean) \(item.std) \(item.to_rgb) \(item.scaled): \(difference)")
      }
    }
  }

  @Test func denormalizesBack() throws {
    let image = try ImageFixture.large()
    let (mean, std) = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
    let back = image.normalized(mean: mean, std: std).denormalized(mean: mean, std: std)
    #expect(back.toBytes() == image)
  }
}
