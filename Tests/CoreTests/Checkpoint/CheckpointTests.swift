@testable import Core
import Foundation
import Glibc
import OrderedCollections
import PyConfig
import Testing
import TorchFile

@Suite struct CheckpointTests {
  @Test func `a checkpoint comes back as it was`() throws {
    let folder = try TemporaryFolder()
    let model = ToyModel()
    let optimizer = Adam(model.parameters, try Adam.Options(learningRate: 0.1))
    for parameter in model.parameters { parameter.gradient = Tensor([Float](repeating: 0.5, count: 4)) }
    optimizer.step()
    let runner = try EpochBasedRunner(
      model: model, optimizer: optimizer, maxEpochs: 1, workDirectory: folder.path, logger: .silent,
      meta: ConfigDictionary(["seed": 3, "exp_name": "x.py"]))
    let meta: ConfigDictionary = ConfigDictionary([
      "CLASSES": .tuple("cat", "dog"), "PALETTE": [[1, 2, 3], [4, 5, 6]], "config": "a = 1\n", "seed": 9,
    ])
    let path = try runner.saveCheckpoint(to: folder.path, extraMeta: meta)
    #expect(path == "\(folder.path)/epoch_1.pth")

    let read = try Checkpoint(path: path)
    #expect(Array(read.state.keys) == Array(model.state.keys))
    #expect(read.state["num_batches_tracked"]?.scalarType == .int64)
    #expect(read.meta["CLASSES"] == .tuple("cat", "dog") && read.meta["PALETTE"] == [[1, 2, 3], [4, 5, 6]])
    // The runner's own meta data win.
    #expect(read.meta["seed"] == 3 && read.meta["epoch"] == 1 && read.meta["iter"] == 0)
    #expect(read.meta["mmswift_version"]?.string == mmswiftVersion && read.meta["time"]?.string != nil)
    #expect(read.optimizer == optimizer.stateDict)

    let other = ToyModel()
    for parameter in other.parameters { parameter.assign(Tensor([Float](repeating: 9, count: 4))) }
    let report = try other.loadCheckpoint(path, strict: true)
    #expect(report.isPerfect && report.matched.count == 6)
    #expect(other.snapshot == model.snapshot)
  }

  @Test func `safetensors by extension`() throws {
    let folder = try TemporaryFolder()
    let model = ToyModel()
    let state = model.stateDict.mapValues { StoredTensor($0) }
    let checkpoint = Checkpoint(meta: ConfigDictionary(["seed": 3, "config": "x"]), state: state)
    let path = "\(folder.path)/model.safetensors"
    try checkpoint.write(to: path)
    #expect(try SafeTensors.read(path: path).metadata == ["format": "pt", "seed": "3", "config": "x"])
    let other = ToyModel()
    other.first.weight.assign(Tensor([Float](repeating: 9, count: 4)))
    #expect(try other.loadCheckpoint(path, strict: true).isPerfect)
    #expect(other.snapshot == model.snapshot)
  }

  private func state(_ keys: [String: [Int]]) -> OrderedDictionary<String, StoredTensor> {
    var result: OrderedDictionary<String, StoredTensor> = [:]
    for (key, shape) in keys.sorted(by: { $0.key < $1.key }) {
      result[key] = StoredTensor(float32: [Float](repeating: 2, count: shape.reduce(1, *)), shape: shape)
    }
    return result
  }

  @Test func `the report names what does not match`() throws {
    let model = ToyModel()
    let stored = state([
      "first.weigth": [4], "first.bias": [4], "second.weight": [3], "second.bias": [4], "running_mean": [4],
      "extra": [1],
    ])
    let report = try model.load(stored)
    #expect(report.matched == ["running_mean", "first.bias", "second.bias"])
    // The count of batches is missing, too, but not worth mention.
    #expect(report.missing == ["first.weight"])
    #expect(report.unexpected == ["extra", "first.weigth"])
    #expect(
      report.description == """
        The model and loaded state dict do not match exactly
        3 of 5 keys match; 1 of another shape, 2 unexpected, 1 missing
        size mismatch for second.weight: copying a param with shape torch.Size([3]) from checkpoint, the shape in \
        current model is torch.Size([4]).
        unexpected key in source state_dict: extra, first.weigth (did you mean first.weight?)
        missing keys in source state_dict: first.weight (did you mean first.weigth?)
        """)
    #expect(model.first.bias.value.detached().floats == [2, 2, 2, 2])
  }

  @Test func `strict loading changes nothing on a mismatch`() throws {
    let model = ToyModel()
    let before = model.snapshot
    #expect(throws: (any Error).self) { try model.load(state(["first.bias": [4]]), strict: true) }
    #expect(model.snapshot == before)
  }

  @Test func `long lists are cut`() {
    var report = LoadReport()
    report.missing = (0..<25).map { "layer\($0).weight" }
    #expect(report.description.contains("layer9.weight, ... (25 in all)"))
    #expect(!report.description.contains("layer10.weight"))
  }

  @Test func `prefixes and revised keys`() throws {
    let model = ToyModel.Layer([0, 0, 0, 0], [0, 0, 0, 0])
    let stored = state([
      "module.backbone.first.weight": [4], "module.backbone.first.bias": [4], "module.head.x": [1],
    ])
    #expect(try model.load(stored, strict: true, prefix: "backbone.first").isPerfect)
    #expect(model.weight.value.detached().floats == [2, 2, 2, 2])
    let groups = [KeyRevision.withoutModule, KeyRevision(#"^(\w+)\.first\.(.*)$"#, #"\1$.\2"#)]
    let report = try ToyModel().load(stored, revisions: groups)
    #expect(Set(report.unexpected) == ["backbone$.weight", "backbone$.bias", "head.x"])
    #expect(throws: InvalidConfig("'(' is not a regular expression")) {
      try model.load(stored, revisions: [KeyRevision("(", "")])
    }
    do {
      try model.load(stored, prefix: "neck")
      Issue.record("no error")
    } catch { #expect("\(error)".contains("no key starts with 'neck.'")) }
  }

  @Test func `the hash in a name is checked`() throws {
    let folder = try TemporaryFolder()
    let plain = "\(folder.path)/model.pth"
    try Checkpoint(state: state(["a": [2]])).write(to: plain)
    let hash = try TorchFile.sha256(ofFile: plain)
    let named = "\(folder.path)/model_20210831-\(hash.prefix(8)).pth"
    try FileManager.default.copyItem(atPath: plain, toPath: named)
    #expect(try Checkpoint(path: named).state.count == 1)
    let wrong = "\(folder.path)/model-0badf00d.pth"
    try FileManager.default.copyItem(atPath: plain, toPath: wrong)
    do {
      _ = try Checkpoint(path: wrong)
      Issue.record("no error")
    } catch {
      #expect(
        "\(error)".hasPrefix(
          "\(wrong): the name promises a SHA-256 that starts with 0badf00d, the file has \(hash.prefix(8))"))
    }
    // A day is no hash.
    let dated = "\(folder.path)/model-20210831.pth"
    try FileManager.default.copyItem(atPath: plain, toPath: dated)
    #expect(try Checkpoint(path: dated).state.count == 1)
  }

  @Test func `files that are no checkpoints are named`() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/x.pth"
    try TorchFile.write(.list([.int(1)]), to: path)
    #expect(throws: CheckpointError(path: path, "must hold a dictionary of tensors, found a list of 1")) {
      try Checkpoint(path: path)
    }
    do {
      _ = try Checkpoint(path: "\(folder.path)/missing.pth")
      Issue.record("no error")
    } catch { #expect("\(error)".hasPrefix("\(folder.path)/missing.pth")) }
    let model = ToyModel()
    let runner = try EpochBasedRunner(model: model, optimizer: nil, maxEpochs: 1, logger: .silent)
    let weights = "\(folder.path)/weights.pth"
    try Checkpoint(state: model.stateDict.mapValues { StoredTensor($0) }).write(to: weights)
    #expect(
      throws: CheckpointError(path: weights, "the meta data must have 'epoch' and 'iter' to resume from")
    ) {
      try runner.resume(from: weights)
    }
  }

  @Test func `the latest mark is replaced, never missing`() throws {
    let folder = try TemporaryFolder()
    let store = CheckpointFolder(folder.path)
    try Checkpoint(state: state(["a": [2]])).write(to: store.file("epoch_1.pth"))
    try store.markLatest("epoch_1.pth")
    try store.markLatest("epoch_1.pth")
    #expect(folder.files == ["epoch_1.pth", "latest.pth"])
    #expect(try Checkpoint(path: store.file("latest.pth")).state.count == 1)
  }

  @Test func `what a killed process left is removed, what a living one writes is not`() throws {
    let folder = try TemporaryFolder()
    let names = [
      ".epoch_3.pth.2147483646-7.part", ".latest.2147483646.part", ".epoch_4.pth.\(getpid())-1.part",
      "notes.part",
      ".hidden.part",
    ]
    for name in names { try Data([1]).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)")) }
    CheckpointFolder(folder.path).removeLeftovers()
    #expect(folder.files == [".epoch_4.pth.\(getpid())-1.part", ".hidden.part", "notes.part"])
  }

  @Test func `times are C's`() {
    #expect(Runner.calendarTime(Date(timeIntervalSince1970: 1_761_998_400)).hasSuffix(" 2025"))
    #expect(Runner.calendarTime(Date(timeIntervalSince1970: 1_762_100_000)).count == 24)
  }
}
