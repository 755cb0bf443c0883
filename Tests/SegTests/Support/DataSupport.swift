import Core
import Foundation
import PyConfig
import Seg

/// What the golden values of Tests/Fixtures/seg-* for data share.
enum DataGolden {
  static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures").path

  static func path(_ name: String) -> String { "\(fixtures)/\(name)" }

  static func json<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// FNV-1a of 64 bits, in hexadecimal digits.
  static func hash(_ bytes: some Sequence<UInt8>) -> String {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// An image as the scripts describe it.
struct DescribedImage: Codable, Equatable, CustomStringConvertible {
  var shape: [Int]
  var kind: String
  var hash: String

  var description: String { "\(shape) \(kind) \(hash)" }

  init(shape: [Int], kind: String, hash: String) { (self.shape, self.kind, self.hash) = (shape, kind, hash) }

  init(_ image: Image) {
    shape = [image.height, image.width, image.channels]
    switch image.pixels {
    case .u8(let bytes): (kind, hash) = ("uint8", DataGolden.hash(bytes))
    case .f32(let values): (kind, hash) = ("float32", values.withUnsafeBytes { DataGolden.hash($0) })
    }
  }
}

/// Everything that the data of segmentation configs can name.
func dataContext(isTesting: Bool = false) -> BuildContext {
  var registries = Registries()
  registerCoreRuntime(&registries)
  registerDatasetWrappers(&registries)
  registerSegmentation(&registries)
  var context = BuildContext(registries: registries, scope: "mmseg")
  context.isTesting = isTesting
  return context
}

/// A value of the config language; errors name it `c.py`.
func dataNode(_ text: String) throws -> ConfigNode {
  guard let node = try Config.parse(text: "x = \(text)", name: "c.py").root["x"] else {
    throw InvalidConfig("no value in \(text)")
  }
  return node
}

func dataPipeline(_ text: String) throws -> Pipeline {
  try Pipeline(dataNode(text), path: "pipeline", dataContext())
}

func dataset(_ text: String, isTesting: Bool = false) throws -> any Dataset {
  try buildDataset(dataNode(text), path: "data.train", dataContext(isTesting: isTesting))
}

/// The text of the error that `body` throws, or `nothing`.
func complaint(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing"
  } catch {
    return "\(error)"
  }
}

/// A folder with pictures and label maps that goes away with the value.
final class PictureFolder {
  let path: String

  init() throws {
    path =
      URL(fileURLWithPath: NSTemporaryDirectory()).appendingPathComponent("seg-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func picture(_ name: String, height: Int = 6, width: Int = 8) throws {
    let bytes = (0..<(height * width * 3)).map { UInt8($0 * 37 & 255) }
    try Image(width: width, height: height, channels: 3, bytes: bytes).write(path: "\(path)/\(name)")
  }

  /// - Parameter values: those of all pixels, again and again.
  func labels(_ name: String, _ values: [UInt8] = [0, 1], height: Int = 6, width: Int = 8) throws {
    let bytes = (0..<(height * width)).map { values[$0 % values.count] }
    try Image(width: width, height: height, channels: 1, bytes: bytes).write(path: "\(path)/\(name)")
  }

  func text(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
  }
}
