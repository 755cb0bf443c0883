import Core
import PyConfig
import Testing

@testable import Seg

/// Values: Fixtures/seg-cityscapes/make.py.
@Suite struct CityscapesTests {
  struct Case: Decodable {
    struct Label: Decodable {
      var name, category: String
      var id: Int
      var ignored: Bool
      var color: [UInt32]
    }
    struct Result: Decodable {
      var confMatrix: [[Int]]
      var priors, classScores, categoryScores: [String: Double?]
      var averageScoreClasses, averageScoreCategories: Double
    }
    var truths, predictions: [[UInt8]]
    var result: Result
    var labels: [Label]
    var ids: [UInt8]
  }

  private func dataset() throws -> any Dataset {
    let folder = try PictureFolder()
    try folder.picture("a_leftImg8bit.png")
    return try SegTests.dataset(
      "dict(type='CityscapesDataset', pipeline=[], img_dir='\(folder.path)', ann_dir='x')", isTesting: true)
  }

  @Test func `labels are those of the original list`() throws {
    let c: Case = try DataGolden.json("seg-cityscapes/case.json")
    #expect(c.labels.count == CityscapesLabel.all.count)
    for (expected, label) in zip(c.labels, CityscapesLabel.all) {
      #expect(
        label.name == expected.name && label.id == expected.id && label.category.rawValue == expected.category
      )
      #expect(label.isIgnored == expected.ignored)
      #expect(label.color == expected.color.reduce(0) { $0 << 8 | $1 }, "\(label.name)")
    }
    #expect(c.ids == (0..<19).map { CityscapesLabel.idOfTrainID[$0] })
  }

  @Test func `scores are the original's`() throws {
    let c: Case = try DataGolden.json("seg-cityscapes/case.json")
    var measurement = try CityscapesMeasurement(dataset())
    for (prediction, truth) in zip(c.predictions, c.truths) {
      try measurement.add(prediction, truth, "a.png")
    }
    #expect(measurement.confusion == c.result.confMatrix)
    var lines: [String] = []
    let results = measurement.results { lines.append($0) }
    func expect(_ key: String, _ expected: [String: Double?]) throws {
      let found = try #require(results[key]?.dictionary)
      #expect(found.keys.count == expected.count)
      for (name, value) in expected {
        guard case .float(let number)? = found[name]?.value else {
          Issue.record("\(key) lacks \(name)")
          continue
        }
        if let value {
          #expect(abs(number - value) < 1e-12, "\(key) \(name)")
        } else {
          #expect(number.isNaN, "\(key) \(name)")
        }
      }
    }
    try expect("priors", c.result.priors)
    try expect("classScores", c.result.classScores)
    try expect("categoryScores", c.result.categoryScores)
    for (key, expected) in [
      ("averageScoreClasses", c.result.averageScoreClasses),
      ("averageScoreCategories", c.result.averageScoreCategories),
    ] {
      guard case .float(let number)? = results[key]?.value else {
        Issue.record("\(key) is missing")
        continue
      }
      #expect(abs(number - expected) < 1e-12)
    }
    #expect(
      lines.count == 2 && lines[0].contains("road") && !lines[0].contains("caravan")
        && lines[1].contains("vehicle"))
    #expect(
      complaint { try measurement.add([0], [99], "a.png") } == "a.png: label ids must be in 0..<34, found 99")
  }

  @Test func `class indices become label ids`() {
    let ids = (0..<19).map { CityscapesLabel.idOfTrainID[$0] }
    #expect(ids == [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33])
    #expect(CityscapesLabel.idOfTrainID[255] == 0)
    // The colours of both lists agree.
    for (index, id) in ids.enumerated() {
      let start = Int(id) * 3
      #expect(Array(CityscapesLabel.palette[start..<(start + 3)]) == ClassSet.cityscapes.palette[index])
    }
    #expect(CityscapesLabel.palette.count == 35 * 3)
  }
}
