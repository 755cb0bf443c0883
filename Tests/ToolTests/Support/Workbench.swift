import Core
import Foundation
import Testing

/// A temporary folder in which tools are run; it goes away with the value.
///
/// It holds the configs of `Tests/Fixtures/tools/configs` under `configs`.
final class Workbench: Sendable {
  static let fixtures = Executables.repository.appendingPathComponent("Tests/Fixtures/tools")

  let path: String

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "mmswift-tools-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.standardizedFileURL.path
    try FileManager.default.copyItem(
      atPath: Self.fixtures.appendingPathComponent("configs").path, toPath: "\(path)/configs")
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  // MARK: Files

  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Names in a folder, hidden ones included, sorted.
  func files(_ folder: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: file(folder))) ?? []).sorted()
  }

  func text(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: file(name), atomically: false, encoding: .utf8)
  }

  func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

  func checkpoint(_ name: String) throws -> Checkpoint { try Checkpoint(path: file(name)) }

  // MARK: Tools

  func start(_ tool: String, _ arguments: [String], environment: [String: String] = [:]) throws -> RunningTool
  {
    try RunningTool(
      Executables.path(tool), arguments, folder: path, log: file("log-\(UUID().uuidString)"),
      environment: environment)
  }

  func run(_ tool: String, _ arguments: String..., environment: [String: String] = [:]) throws -> Execution {
    try start(tool, arguments, environment: environment).wait()
  }

  /// Runs lines of a shell in which `$cls_train` stands for the tool; `unshare` runs them where file systems can be mounted.
  func shell(_ script: String, unshared: Bool = false) throws -> Execution {
    let environment = ["cls_train": try Executables.path("cls-train")]
    let arguments =
      unshared ? ["/usr/bin/unshare", "-rm", "/bin/sh", "-c", script] : ["/bin/sh", "-c", script]
    return try RunningTool(
      "/usr/bin/env", arguments, folder: path, log: file("log-\(UUID().uuidString)"), environment: environment
    ).wait()
  }
}

/// A folder with a trained LeNet-5 in `work` and its data; made once, and only read.
enum Trained {
  static let digits = Result {
    let bench = try Workbench()
    try bench.writeDigits()
    let run = try bench.run("cls-train", "configs/digits.py", "--work-dir", "work", "--seed", "3")
    return (bench: bench, run: run)
  }
}
