import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing
import TorchFile

/// Checkpoints that are missing, damaged or of another model, and disks that are full.
struct CheckpointErrorTests {
  let bench: Workbench

  init() throws { bench = try Trained.digits.get().bench }

  @Test func `no such checkpoint`() throws {
    let missing = "nowhere.pth: cannot open: No such file or directory"
    try bench.run("cls-test", "configs/digits.py", "nowhere.pth", "--metrics", "accuracy").failed(1, missing)
    try bench.run("image-demo", "configs/digits.py", "nowhere.pth", "x.png").failed(1, missing)
    try bench.run("convert-checkpoint", "nowhere.pth", "x.pth").failed(1, missing)
    for option in ["--load-from", "--resume-from"] {
      try bench.run("cls-train", "configs/digits.py", "--work-dir", "missing\(option)", option, "nowhere.pth")
        .failed(
          1, missing)
    }
  }

  @Test func `a file that is no checkpoint`() throws {
    try bench.run("cls-test", "configs/digits.py", "configs/digits.py", "--metrics", "accuracy").failed(
      1,
      "configs/digits.py: expected a zip or legacy .pth file or a .safetensors file, found first bytes "
        + "23 20 4c 65 4e 65 74 2d")
  }

  @Test func `a checkpoint of another model`() throws {
    var other = Checkpoint()
    other.state["encoder.weight"] = .init(float32: [1, 2], shape: [2])
    other.state["encoder.bias"] = .init(float32: [1], shape: [1])
    try other.write(to: bench.file("other.pth"))
    let complaint = """
      other.pth: is of another model: The model and loaded state dict do not match exactly
      0 of 10 keys match; 0 of another shape, 2 unexpected, 10 missing
      unexpected key in source state_dict: encoder.weight, encoder.bias
      missing keys in source state_dict: backbone.features.0.weight, backbone.features.0.bias, \
      backbone.features.3.weight, backbone.features.3.bias, backbone.features.6.weight, backbone.features.6.bias, \
      backbone.classifier.0.weight, backbone.classifier.0.bias, backbone.classifier.2.weight, backbone.classifier.2.bias
      """
    try bench.run("cls-test", "configs/digits.py", "other.pth", "--metrics", "accuracy").failed(1, complaint)
    try bench.run("cls-train", "configs/digits.py", "--work-dir", "other", "--load-from", "other.pth").failed(
      1, complaint)
  }

  @Test func `a checkpoint that fits in part is used, and the rest is told`() throws {
    var part = try bench.checkpoint("work/latest.pth")
    part.state["backbone.classifier.2.weight"] = .init(
      float32: [Float](repeating: 0, count: 252), shape: [3, 84])
    part.state["backbone.classifier.2.bias"] = nil
    try part.write(to: bench.file("part.pth"))
    let run = try bench.run("cls-test", "configs/digits.py", "part.pth", "--metrics", "accuracy").succeeded()
    #expect(
      run.errors == """
        part.pth: The model and loaded state dict do not match exactly
        8 of 10 keys match; 1 of another shape, 0 unexpected, 1 missing
        size mismatch for backbone.classifier.2.weight: copying a param with shape torch.Size([3, 84]) from checkpoint, \
        the shape in current model is torch.Size([10, 84]).
        missing keys in source state_dict: backbone.classifier.2.bias

        """)
  }

  @Test func `an optimizer of another model`() throws {
    let bench = try Workbench()
    try bench.writePictures()
    try bench.run(
      "cls-train", "configs/pictures.py", "--work-dir", "work", "--resume-from",
      self.bench.file("work/latest.pth")
    ).failed(1, "\(self.bench.file("work/latest.pth")): optimizer state: group 0 has 62 parameters, found 10")
  }
}

/// The checkpoint that is there stays when the next one finds no room.
struct FullDiskTests {
  private static let canMount =
    (try? Workbench().shell("mkdir m && mount -t tmpfs -o size=64k none m", unshared: true).status) == 0

  private let bench: Workbench

  init() throws {
    bench = try Workbench()
    try bench.writeDigits()
  }

  private func stays() throws {
    let files = bench.files("work").filter { !$0.contains(".log") }
    #expect(files == ["digits.py", "epoch_1.pth", "latest.pth"])
    #expect(try bench.checkpoint("work/latest.pth").meta["epoch"]?.int == 1)
  }

  @Test func `a limit for the size of files`() throws {
    try bench.run(
      "cls-train", "configs/digits.py", "--work-dir", "work", "--cfg-options", "runner.max_epochs=1"
    )
    .succeeded()
    // Of 512 bytes each; a checkpoint is twice as large.
    let run = try bench.shell(
      "ulimit -f 500; exec $cls_train configs/digits.py --work-dir work --resume-from work/latest.pth")
    run.failed(1, "\(bench.file("work/epoch_2.pth")): cannot write: File too large")
    try stays()
  }

  @Test(.enabled(if: canMount, "mounting a small file system must be allowed"))
  func `no space left on the device`() throws {
    let run = try bench.shell(
      """
      mkdir work kept && mount -t tmpfs -o size=800k none work
      $cls_train configs/digits.py --work-dir work
      code=$?
      cp -a work/. kept && exit $code
      """, unshared: true)
    run.failed(1, "\(bench.file("work/epoch_2.pth")): cannot write: No space left on device")
    try bench.remove("work")
    try FileManager.default.moveItem(atPath: bench.file("kept"), toPath: bench.file("work"))
    try stays()
  }
}
