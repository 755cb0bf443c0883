import Det
import Foundation

/// Files of Tests/Fixtures/det-*.
enum EvaluationGolden {
  static func json<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
    let path = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures").appendingPathComponent(name)
    return try JSONDecoder().decode(Value.self, from: Data(contentsOf: path))
  }
}

/// What det-masks/make.py wrote.
struct MaskGolden: Decodable {
  struct Drawing: Decodable {
    var height, width: Int
    var polygons: [[Double]]
    var parts: [String]
    var union, common: String
    var area: Int
    var box: [Double]
  }
  struct Pixels: Decodable {
    var height, width: Int
    /// Rows of `0` and `1`.
    var bits: [String]
    var texts: [String]
    var overlaps: [[Double]]
  }
  struct Moved: Decodable {
    var height, width: Int
    var polygons: [[[Double]]]?
    var bitmaps: [String]
  }
  struct Targets: Decodable {
    var polygons, bitmaps: [String]
    var soft: [Double]
  }
  struct Pair: Decodable { var polygons, bitmaps: [Double] }
  struct Instance: Decodable {
    var height, width: Int
    var objects: [[[Double]]]
    var bitmaps: [String]
    var moved: [String: Moved]
    var boxes: [Double]
    var indices: [Int]
    var targets: Targets
    var areas, bounds: Pair
  }

  var drawings: [Drawing]
  var pixels: Pixels
  var instance: Instance

  static let shared = Result { try EvaluationGolden.json("det-masks/cases.json", as: MaskGolden.self) }
}
