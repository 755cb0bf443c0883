import Core
import OrderedCollections
import PyConfig
import Testing

@Suite struct LoaderSettingsTests {
  static func settings(_ text: String, _ role: LoaderSettings.Role) throws -> LoaderSettings {
    try LoaderSettings(try Config.parse(text: "data = \(text)", name: "c.py").root["data"], role: role)
  }

  @Test func `a loader's own keys come before the common ones`() throws {
    let text =
      "dict(samples_per_gpu=8, workers_per_gpu=3, val_dataloader=dict(samples_per_gpu=2), train=1, val=2)"
    let (train, val) = (try Self.settings(text, .train), try Self.settings(text, .val))
    #expect((train.samplesPerBatch, train.workers, train.shuffles) == (8, 3, true))
    #expect((val.samplesPerBatch, val.workers, val.shuffles) == (2, 3, false))
  }

  @Test func `order and rest of training do not reach validation`() throws {
    let text = "dict(shuffle=True, drop_last=True, test_dataloader=dict(drop_last=True))"
    #expect(try Self.settings(text, .train).dropsLast)
    #expect(try !Self.settings(text, .val).dropsLast && !Self.settings(text, .val).shuffles)
    #expect(try Self.settings(text, .test).dropsLast && !Self.settings(text, .test).shuffles)
    #expect(try !Self.settings("dict(train_dataloader=dict(shuffle=False))", .train).shuffles)
  }

  @Test(arguments: [
    ("dict(samples_per_gpu=0)", "c.py:1: data.samples_per_gpu: must be in 1...65536, found 0"),
    ("dict(workers_per_gpu=-1)", "data.workers_per_gpu: must be in 0...256, found -1"),
    ("dict(worker_per_gpu=1)", "data: unknown key 'worker_per_gpu'; did you mean 'workers_per_gpu'?"),
    ("dict(train_dataloader=dict(sample_per_gpu=1))", "data.train_dataloader: unknown key 'sample_per_gpu'"),
    ("[1]", "c.py:1: data: expected dict, found list of 1"),
  ]) func `a mistake is named`(_ text: String, _ expected: String) {
    do {
      _ = try Self.settings(text, .train)
      Issue.record("must throw")
    } catch {
      #expect("\(error)".contains(expected), "\(error)")
    }
  }
}
