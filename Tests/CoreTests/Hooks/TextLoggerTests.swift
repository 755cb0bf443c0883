@testable import Core
import Foundation
import Logging
import OrderedCollections
import PyConfig
import Testing

/// Values: Fixtures/logs/make.py (mmcv 1.7.2 on a processor, with a known clock).
@Suite struct TextLoggerTests {
  /// The model of the script: a weighted sum, and accuracies that depend on nothing but the number of the call.
  final class SumModel: Module, TrainableModel {
    let weight = Parameter(Tensor([Float(0.5), -0.25]))
    private var calls = 0

    func trainStep(_ batch: any TrainingBatch) throws -> TrainOutput {
      guard let batch = batch as? ToyBatch else { throw RunnerError("SumModel: a ToyBatch") }
      calls += 1
      let loss = (weight.value * Tensor([Float(3), 4])).sum()
      let value = Double(calls * 53 % 97) / 11
      return TrainOutput(
        loss: loss, logVars: ["loss_cls": value, "accuracy": Double(calls * 37 % 101) / 7, "loss": value],
        sampleCount: batch.size)
    }
  }

  final class Scores: Evaluator {
    let batchCount: Int
    private var scores = [0.75, 0.125, 0.5, 0.25]

    init(batchCount: Int) { self.batchCount = batchCount }

    func evaluate(_ model: any TrainableModel, runner: Runner) throws -> OrderedDictionary<String, LogValue> {
      #expect(!model.isTraining)
      let score = scores.removeLast()
      return ["accuracy_top-1": .number(score), "copypaste": .text("\(score) 7"), "count": .integer(3)]
    }
  }

  @Test(arguments: 0..<3) func `text and JSON equal mmcv's to the letter`(_ index: Int) throws {
    let node = try #require(try Golden.json("logs/logs.json").items)[index]
    let folder = try TemporaryFolder()
    let work = "\(folder.path)/work"
    let log = LogRecorder()
    let model = SumModel()
    let optimizer = SGD([model.weight], try SGD.Options(learningRate: 0.1, momentum: 0.9))
    let limit = node["limit"]?.int ?? 0
    let plan: RunnerPlan = node["kind"]?.string == "epoch" ? .epochs(limit) : .iterations(limit)
    let runner = try plan.makeRunner(
      model: model, optimizer: optimizer, workDirectory: work, logger: log.logger,
      meta: node["meta"]?.dictionary)
    var (now, looks) = (1000.0, 0)
    runner.clock = {
      now += [0.0625, 0.3, 0.011][looks % 3]
      looks += 1
      return now
    }
    var whole = try #require(node["config"])
    whole["custom_hooks"] = whole["custom_hooks_config"]
    try runner.registerTrainingHooks(TrainingHooksConfig(whole), context: runtimeContext())
    let source = ToySource(node["samples"]?.int ?? 0, batchSize: 2)
    if let evaluation = node["evaluation"], !evaluation.isNone {
      try runner.registerEvaluation(evaluation) { rest in
        #expect(rest.isEmpty)
        return Scores(batchCount: source.batchCount)
      }
    }
    let workflow = try [Workflow](from: try #require(node["workflow"]), at: "workflow")
    try runner.run(workflow.map { _ in source }, workflow: workflow)

    func plain(_ text: String) -> String { text.replacingOccurrences(of: work, with: "WORK") }
    let lines = log.lines.dropFirst().map(plain)
    let expected = node["lines"]?.items?.compactMap(\.string) ?? []
    #expect(lines.count == expected.count)
    for (line, wanted) in zip(lines, expected) { #expect(line == wanted) }

    let files = try FileManager.default.contentsOfDirectory(atPath: work).sorted()
    #expect(files.filter { $0.hasSuffix(".pth") } == node["files"]?.items?.compactMap(\.string))
    let json = try #require(files.first { $0.hasSuffix(".log.json") })
    let logged = try String(contentsOfFile: "\(work)/\(json)", encoding: .utf8).split(separator: "\n").map {
      plain(String($0))
    }
    let wantedJSON = node["json"]?.items?.compactMap(\.string) ?? []
    #expect(logged.count == wantedJSON.count)
    for (line, wanted) in zip(logged, wantedJSON) { #expect(line == wanted) }
  }

  @Test(arguments: [
    (1.0, "1.0"), (0.1, "0.1"), (1e-5, "1e-05"), (1.5e-7, "1.5e-07"), (0.0001, "0.0001"),
    (123456789.125, "123456789.125"),
    (1e15, "1000000000000000.0"), (1e16, "1e+16"), (1.25e22, "1.25e+22"), (-0.0, "-0.0"),
    (Double.leastNonzeroMagnitude, "5e-324"),
    (12345678901234567.0, "1.2345678901234568e+16"), (100.0, "100.0"), (-2.5e-10, "-2.5e-10"),
  ]) func `floats are written as Python writes them`(_ value: Double, _ text: String) {
    #expect(PythonText.repr(value) == text)
  }

  @Test func `durations and rounding follow Python`() {
    #expect(PythonText.duration(3.9) == "0:00:03")
    #expect(PythonText.duration(90061) == "1 day, 1:01:01")
    #expect(PythonText.duration(200000) == "2 days, 7:33:20")
    #expect(PythonText.rounded(2.675, 2) == 2.67)
    #expect(PythonText.roundedByNumpy(0.285, 2) == 0.28)
    #expect(PythonText.json(.nan) == "NaN" && PythonText.json(-.infinity) == "-Infinity")
    #expect(PythonText.json("a\"\\\n\u{1F600}\u{7F}") == #""a\"\\\n\ud83d\ude00\u007f""#)
  }

  @Test func `lines carry time, name and level`() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/run.log"
    let logger = try Logger.forRun(label: "mmcls", file: path)
    logger.warning("careful")
    let line = try folder.text("run.log")
    let form = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - mmcls - WARNING - careful\n/
    #expect(line.wholeMatch(of: form) != nil, "\(line)")
    #expect(TextLogHandler.time(Date(timeIntervalSince1970: 1.2505)).hasSuffix(":01,250"))
  }
}
