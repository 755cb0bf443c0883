import Foundation
import Testing

@testable import Core

@Suite struct ImageWriteTests {
  @Test func keepsEverySampleInPNG() throws {
    for channels in [1, 3, 4] {
      let image = try ImageFixture.large().withChannels(channels)
      #expect(try Image.decode(bytes: image.pngData(), mode: .unchanged) == image)
    }
  }

  @Test func writesPaletteIndices() throws {
    let labels = Image(width: 4, height: 2, channels: 1, bytes: [0, 1, 2, 1, 0, 0, 2, 2])
    let data = try labels.pngData(palette: [0, 0, 0, 200, 10, 30, 5, 6, 7])
    #expect(try Image.decode(bytes: data, mode: .unchanged, backend: .pillow) == labels)
    #expect(try Image.decode(bytes: data).bytes?[3..<6] == [30, 10, 200])
    #expect(throws: ImageError.self) { _ = try labels.pngData(palette: [0, 0, 0, 1, 1, 1]) }
  }

  @Test func writesJPEG() throws {
    let image = try ImageFixture.large()
    for progressive in [false, true] {
      let back = try Image.decode(bytes: image.jpegData(quality: 95, progressive: progressive))
      let pairs = zip(try #require(image.bytes), try #require(back.bytes))
      #expect(pairs.reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) } < 8 * image.count)
    }
    #expect(try image.jpegData(quality: 30).count < image.jpegData(quality: 90).count)
    #expect(try Image.decode(bytes: image.withChannels(1).jpegData(), mode: .unchanged).channels == 1)
    #expect(throws: ImageError.self) { _ = try image.withChannels(4).jpegData() }
    #expect(throws: ImageError.self) { _ = try Image(width: 65501, height: 1).jpegData() }
  }

  @Test func writesFilesByExtension() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("image-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let image = try ImageFixture.large()
    let path = folder.appendingPathComponent("deep/er/a.png").path
    try image.write(path: path)
    #expect(try Image.read(path: path) == image)
    try image.toFloat().write(path: folder.appendingPathComponent("b.JPG").path)
    #expect {
      try image.write(path: folder.appendingPathComponent("c.gif").path)
    } throws: {
      "\($0)".contains("c.gif: the extension must be .jpg, .jpeg or .png to write an image, found '.gif'")
    }
  }
}
