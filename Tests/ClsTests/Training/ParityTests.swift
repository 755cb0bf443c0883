import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing
import TestSupport

@testable import Cls

/// From files to scores: a config, a checkpoint that mmcv wrote and three pictures; values: Fixtures/cls-parity/make.py.
@Suite struct ParityTests {
  struct Expected: Decodable {
    var scores: [Double]
    var results: [String: Double]
  }

  static func config() throws -> Config {
    let folder = Golden.path("cls-parity")
    return try Config.load(
      path: "\(folder)/tiny.py",
      options: ["data.test.data_prefix=\(folder)/images", "data.test.ann_file=\(folder)/images/list.txt"])
  }

  static func parts(workers: Int = 1, batch: Int = 2) throws -> (
    ImageClassifier, any Dataset, any BatchSource
  ) {
    let config = try config()
    let context = classificationContext(isTesting: true)
    let task = ClassificationTask(registries: context.registries)
    let node = try #require(config.root["model"])
    let model = try #require(try task.makeModel(node, path: "model", context) as? ImageClassifier)
    try model.loadCheckpoint(Golden.path("cls-parity/tiny.pth"), strict: true)
    let data = try buildDataset(try #require(config.root["data.test"]), path: "data.test", context)
    var loader = try LoaderSettings(config.root["data"], role: .test)
    (loader.workers, loader.samplesPerBatch) = (workers, batch)
    return (model, data, try task.makeSource(data, SourceOptions(loader: loader, seed: 0)))
  }

  @Test(arguments: [(0, 1), (1, 2), (3, 3)]) func `scores equal the original's`(_ workers: Int, _ batch: Int)
    throws
  {
    let expected = try Golden.json("cls-parity/scores.json", as: Expected.self)
    let (model, data, source) = try Self.parts(workers: workers, batch: batch)
    var seen: [Int] = []
    let scores = try ClassificationTest.run(model, source) { seen.append($0) }
    #expect(scores.classes == 3 && scores.count == 3)
    #expect(seen.last == 3)
    #expect(model.isTraining)
    expectClose(scores.values, expected.scores, relative: 0, absolute: 1e-5, "scores")
    let config = try Self.config()
    let options = try ClassificationMetrics.Options(
      from: try #require(config.root["evaluation.metric_options"]), at: "evaluation.metric_options")
    let results = try ClassificationTest.evaluate(
      scores, data, ClassificationMetrics([.accuracy, .f1Score], options))
    #expect(Set(results.keys) == Set(expected.results.keys))
    for (name, value) in expected.results {
      guard case .number(let found)? = results[name] else {
        Issue.record("no \(name)")
        continue
      }
      #expect(abs(found - value) < 1e-4, "\(name)")
    }
  }
}
