import Core
import Foundation
import Testing

/// `tools/prepare_tree_crowns.py` on a photograph of the test's own.
struct PrepareTreeCrownsTests {
  private struct File: Decodable {
    struct Image: Decodable {
      var id, width, height: Int
      var file_name: String
    }
    struct Annotation: Decodable, Equatable {
      var id, image_id, category_id, iscrowd: Int
      var area: Double
      var bbox: [Double]
    }
    struct Category: Decodable {
      var id: Int
      var name: String
    }
    var images: [Image]
    var annotations: [Annotation]
    var categories: [Category]

    /// Boxes of a tile, crowds marked.
    func boxes(in name: String) -> [String] {
      let image = images.first { $0.file_name == name }
      return annotations.filter { $0.image_id == image?.id }
        .map { $0.bbox.map { "\(Int($0))" }.joined(separator: " ") + ($0.iscrowd == 1 ? " crowd" : "") }
    }
  }

  private static let script = Executables.repository.appendingPathComponent("tools/prepare_tree_crowns.py")
    .path
  let bench: Workbench

  init() throws { bench = try Workbench() }

  private func prepare() throws -> Execution {
    try RunningTool(
      "/usr/bin/env", ["python3", Self.script, "tiles", "--source", "source"], folder: bench.path,
      log: bench.file("log"), environment: [:]
    ).wait()
  }

  private func writePhotograph(_ boxes: [[Int]]) throws -> Image {
    // Slopes, noise and stripes: rows of a kind for which the writer's filters differ.
    var generator = RandomGenerator(seed: 4)
    let bytes = (0..<(820 * 451)).flatMap { place -> [UInt8] in
      let (x, y) = (place % 451, place / 451)
      return [UInt8(x / 2), UInt8((x + y) / 6), UInt8(y % 7 == 0 ? generator.integer(0..<256) : y % 251)]
    }
    let picture = Image(width: 451, height: 820, channels: 3, bytes: bytes)
    try bench.makeFolder("source")
    try picture.write(path: bench.file("source/forest.png"))
    let objects = boxes.map {
      "<object><name>Tree</name><bndbox><xmin>\($0[0])</xmin><ymin>\($0[1])</ymin><xmax>\($0[2])</xmax>"
        + "<ymax>\($0[3])</ymax></bndbox></object>"
    }
    try bench.write("<annotation>\(objects.joined())</annotation>", to: "source/forest.xml")
    return picture
  }

  private func file(_ part: String) throws -> File {
    try JSONDecoder().decode(File.self, from: Data(try bench.text("tiles/annotations/\(part).json").utf8))
  }

  @Test func `tiles show what their boxes say, and testing is apart from training`() throws {
    let picture = try writePhotograph([
      [10, 20, 50, 60],  // in one tile
      [270, 100, 330, 140],  // less than half of it before the gap
      [300, 300, 338, 340],  // in the gap
      [330, 260, 380, 280],  // over the border of two tiles for testing: more than half of it in the upper one
      [440, 800, 470, 840],  // reaches out of the photograph
      [0, 205, 20, 225],  // in the tiles that overlap
    ])
    let run = try prepare().succeeded()
    #expect(run.output == "train: 3 tiles, 3 crowns\ntest: 3 tiles, 2 crowns\n")

    let (train, test) = (try file("train"), try file("test"))
    #expect(train.images.map(\.file_name) == ["forest_0_0.png", "forest_0_210.png", "forest_0_420.png"])
    #expect(train.images.allSatisfy { $0.width == 298 && $0.height == 400 })
    #expect(test.images.map(\.file_name) == ["forest_338_0.png", "forest_338_273.png", "forest_338_546.png"])
    #expect(test.images.map(\.height) == [273, 273, 274] && test.images.allSatisfy { $0.width == 113 })

    #expect(train.boxes(in: "forest_0_0.png") == ["10 20 40 40", "270 100 28 40 crowd", "0 205 20 20"])
    #expect(train.boxes(in: "forest_0_210.png") == ["0 0 20 15"])
    #expect(test.boxes(in: "forest_338_0.png") == ["0 260 42 13"])
    #expect(test.boxes(in: "forest_338_273.png") == ["0 0 42 7 crowd"])
    #expect(test.boxes(in: "forest_338_546.png") == ["102 254 11 20"])

    for file in [train, test] {
      #expect(file.categories.map(\.name) == ["tree"])
      #expect(file.annotations.map(\.id) == Array(1...file.annotations.count))
      #expect(file.annotations.allSatisfy { $0.category_id == 1 && $0.area == $0.bbox[2] * $0.bbox[3] })
    }
    for (part, file) in [("train", train), ("test", test)] {
      for image in file.images {
        let tile = try Image.read(path: bench.file("tiles/\(part)/\(image.file_name)"))
        let corner = image.file_name.dropLast(4).split(separator: "_").compactMap { Int($0) }
        let expected = picture.cropped(x: corner[0], y: corner[1], width: image.width, height: image.height)
        #expect(tile.bytes == expected.bytes)
      }
    }
  }

  @Test func `a folder without photographs is an error`() throws {
    try bench.makeFolder("source")
    let run = try prepare()
    #expect(run.status == 1)
    #expect(run.errors == "source: no photographs (.png) with boxes (.xml)\n")
  }
}
