import Foundation

@testable import Core

/// The pictures in Tests/Fixtures/image and what OpenCV and Pillow made of them (make.py).
enum ImageFixture {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/image")

  static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
  }
  static func large() throws -> Image { try Image.read(path: path("large.png")) }

  struct Expected: Decodable {
    let shape: [Int]
    let kind: String
    let hash: String?
    let data: Data?
  }

  struct Reading: Decodable {
    let file, mode, backend: String
    let result: Expected?
  }
  struct Resizing: Decodable {
    let channels: Int
    let crop: [Int]?
    let float: Bool?
    let size: [Int]
    let interpolation, backend: String
    let result: Expected
  }
  struct Padding: Decodable {
    let source, mode: String
    let borders: [Int]
    let result: Expected
  }
  struct Normalizing: Decodable {
    let mean, std: [Double]
    let to_rgb, scaled: Bool
    let result: Expected
  }
  struct Coloring: Decodable {
    let name: String
    let float: Bool
    let result: Expected
  }
  struct Adjusting: Decodable {
    let name: String
    let args: [Double]
    let result: Expected
  }
  struct Warping: Decodable {
    let name, interpolation, mode: String
    let args: [Double]
    let result: Expected
  }
  struct Goldens: Decodable {
    let reading: [Reading]
    let resizing: [Resizing]
    let padding: [Padding]
    let normalizing: [Normalizing]
    let coloring: [Coloring]
    let adjusting: [Adjusting]
    let warping: [Warping]
  }

  static let goldens = Result {
    try JSONDecoder().decode(
      Goldens.self, from: Data(contentsOf: folder.appendingPathComponent("goldens.json")))
  }
}

extension Image {
  /// 64-bit FNV-1a of the samples in memory.
  var fnv: String {
    let value = withRawPixels { base in
      var value: UInt64 = 0xCBF2_9CE4_8422_2325
      for i in 0..<width * height * pixelBytes { value = (value ^ UInt64(base[i])) &* 0x100_0000_01B3 }
      return value
    }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// What differs from a golden result, or nil.
  func difference(from expected: ImageFixture.Expected, tolerance: Float = 0, portion: Double = 0) -> String?
  {
    guard [height, width, channels] == expected.shape, isFloat == (expected.kind == "f32") else {
      return "found \(kind), expected \(expected.shape) \(expected.kind)"
    }
    if let hash = expected.hash { return hash == fnv ? nil : "the samples differ" }
    guard let data = expected.data else { return "no golden values" }
    var worst: Float = 0
    var off = 0
    data.withUnsafeBytes { golden in
      for i in 0..<count {
        let (mine, theirs): (Float, Float) =
          switch pixels {
          case .u8(let samples): (Float(samples[i]), Float(golden[i]))
          case .f32(let samples): (samples[i], golden.loadUnaligned(fromByteOffset: 4 * i, as: Float.self))
          }
        worst = max(worst, abs(mine - theirs))
        if mine != theirs { off += 1 }
      }
    }
    if worst <= tolerance, portion == 0 || Double(off) <= portion * Double(count) { return nil }
    return "samples differ by up to \(worst), \(off) of \(count)"
  }
}
