import Foundation
import Testing

@testable import Core

@Suite struct ImageReadTests {
  @Test func readsAsOpenCVAndPillow() throws {
    let cases = try ImageFixture.goldens.get().reading
    #expect(cases.count > 300)
    for item in cases {
      let mode = try #require(ReadMode(rawValue: item.mode))
      let backend = try #require(ImageBackend(rawValue: item.backend))
      let label = "\(item.file) \(mode) \(backend)"
      do {
        let image = try Image.read(path: ImageFixture.path(item.file), mode: mode, backend: backend)
        guard let expected = item.result else {
          Issue.record("\(label): read, but should not have been")
          continue
        }
        if let difference = image.difference(from: expected) { Issue.record("\(label): \(difference)") }
      } catch {
        #expect(item.result == nil, "\(label): \(error)")
      }
    }
  }

  @Test func reordersColorReadsOnly() throws {
    let path = ImageFixture.path("rgb.png")
    let bgr = try Image.read(path: path)
    #expect(try Image.read(path: path, order: .rgb) == bgr.reversingColors())
    #expect(try Image.read(path: path, mode: .unchanged, order: .rgb) == bgr)
  }

  @Test func namesTheFileAndTheTrouble() throws {
    func message(_ name: String) -> String {
      do {
        _ = try Image.read(path: ImageFixture.path(name))
        return "read"
      } catch { return "\(error)" }
    }
    #expect(message("nowhere.jpg").hasSuffix("nowhere.jpg: must exist, found nothing"))
    #expect(message("cut.jpg").contains("cut.jpg: not a readable JPEG: the data end inside the header"))
    #expect(message("noeoi.jpg").contains("noeoi.jpg: damaged JPEG: the data end before the last row"))
    #expect(message("cut.png").contains("cut.png: damaged PNG: the data end early"))
    #expect(message("make.py").contains("must be one of JPEG, PNG, BMP, PNM, found bytes 22 22 22"))
  }

  @Test func refusesSizesThatTheDataCannotFill() throws {
    var png = try ImageFixture.bytes("rgb.png")
    // A size of 30000 x 30000, with the right checksum.
    png.replaceSubrange(16..<24, with: [0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30])
    png.replaceSubrange(29..<33, with: Self.crc(png[12..<29]))
    var jpeg = try ImageFixture.bytes("420.jpg")
    let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0, 0xFF, 0])
    for bytes in [png, jpeg] {
      #expect {
        _ = try Image.decode(bytes: bytes)
      } throws: { "\($0)".contains("too short for the size") || "\($0)".contains("beyond") }
    }
  }

  /// Whatever a damaged file does, it must end in an image or an error.
  @Test(arguments: [
    "420.jpg", "progressive.jpg", "gray.jpg", "cmyk.jpg", "exif6.jpg", "restart.jpg", "rgba.png",
    "palette4.png",
    "interlaced.png", "gray16.png", "exif.png", "rgb.bmp", "gray.bmp", "gray.pgm", "text.ppm",
  ])
  func survivesDamage(name: String) throws {
    let original = try ImageFixture.bytes(name)
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    var read = 0
    for round in 0..<250 {
      var bytes = original
      for _ in 0..<next(4) {
        bytes[next(min(bytes.count, round % 2 == 0 ? 600 : bytes.count))] = UInt8(next(256))
      }
      if round % 5 == 0 { bytes.removeLast(next(bytes.count)) }
      if name.hasSuffix(".png"), round % 3 == 0 { Self.repairChecksums(&bytes) }
      let mode = ReadMode.allCases[round % ReadMode.allCases.count]
      let backend: ImageBackend = round % 2 == 0 ? .cv2 : .pillow
      guard let image = try? Image.decode(bytes: bytes, mode: mode, backend: backend) else { continue }
      read += 1
      #expect(image.pixels.count == image.width * image.height * image.channels)
    }
    #expect(read > 0)
  }

  /// Gives every chunk of a PNG the checksum that its damaged content has.
  static func repairChecksums(_ bytes: inout [UInt8]) {
    var at = 8
    while at + 12 <= bytes.count {
      let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - at - 12 else { return }
      bytes.replaceSubrange(at + 8 + length..<at + 12 + length, with: crc(bytes[at + 4..<at + 8 + length]))
      at += 12 + length
    }
  }

  static func crc(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
    value = ~value
    return (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
  }
}
