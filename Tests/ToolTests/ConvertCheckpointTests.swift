import Core
import Foundation
import OrderedCollections
import Testing
import TorchFile

/// `convert-checkpoint`: keys of torchvision, and formats of files.
struct ConvertCheckpointTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func checkpoint(_ keys: [String]) -> Checkpoint {
    var result = Checkpoint()
    for (index, key) in keys.enumerated() {
      result.state[key] = StoredTensor(float32: [Float(index), -0.5], shape: [2, 1])
    }
    return result
  }

  @Test func `torchvision's keys become mmcls's`() throws {
    let keys = [
      "conv1.weight", "bn1.weight", "bn1.running_mean", "layer1.0.conv1.weight",
      "layer4.1.downsample.0.weight",
      "fc.weight", "fc.bias",
    ]
    try checkpoint(keys).write(to: bench.file("torchvision.pth"))
    let run = try bench.run("convert-checkpoint", "torchvision.pth", "mmcls.pth").succeeded()
    #expect(run.output == "torchvision.pth: torchvision's resnet, 7 entries renamed\nwrote mmcls.pth\n")
    let converted = try bench.checkpoint("mmcls.pth")
    #expect(Array(converted.state.keys) == keys.map { $0.hasPrefix("fc.") ? "head.\($0)" : "backbone.\($0)" })
    #expect(Array(converted.state.values) == Array(checkpoint(keys).state.values))
  }

  @Test func `keys stay where they are to stay`() throws {
    let keys = ["layer1.0.conv1.weight", "fc.weight"]
    try checkpoint(keys).write(to: bench.file("in.pth"))
    try bench.run("convert-checkpoint", "in.pth", "out.pth", "--from", "none").succeeded()
    #expect(try Array(bench.checkpoint("out.pth").state.keys) == keys)
  }

  @Test func `a trained checkpoint goes through safetensors and back`() throws {
    let trained = try Trained.digits.get().bench.file("work/latest.pth")
    try bench.run("convert-checkpoint", trained, "a.safetensors").succeeded()
    try bench.run("convert-checkpoint", "a.safetensors", "b.pth").succeeded()
    let original = try Checkpoint(path: trained)
    for name in ["a.safetensors", "b.pth"] {
      let state = try bench.checkpoint(name).state
      #expect(Set(state.keys) == Set(original.state.keys))
      for (key, value) in original.state { #expect(state[key] == value, "\(name): \(key)") }
    }
    let digits = try Trained.digits.get().bench
    let run = try digits.run(
      "cls-test", "configs/digits.py", bench.file("a.safetensors"), "--metrics", "accuracy",
      "--metric-options",
      "topk=(1,)"
    ).succeeded()
    let straight = try digits.run(
      "cls-test", "configs/digits.py", "work/latest.pth", "--metrics", "accuracy", "--metric-options",
      "topk=(1,)")
    #expect(run.output == straight.output)
  }

  @Test func `a model that torchvision does not have`() throws {
    try checkpoint(["encoder.weight", "encoder.bias"]).write(to: bench.file("in.pth"))
    try bench.run("convert-checkpoint", "in.pth", "out.pth", "--from", "torchvision").failed(
      1,
      "in.pth: must be one of torchvision's alexnet, mobilenet_v2, resnet, vgg; its first keys are encoder.weight, encoder.bias"
    )
    #expect(!bench.files().contains("out.pth"))
  }
}
