import Foundation
import Testing

/// What a run of a tool left behind.
struct Execution {
  /// The exit code or, for a killed process, the signal.
  var status: Int32
  var wasKilled: Bool
  var output: String
  var errors: String

  /// From the last `tool: error: ` on, without the tool's name and the line end: what the user is told.
  var complaint: String {
    guard let range = errors.range(of: ": error: ", options: .backwards) else {
      return "no complaint, but: \(errors.suffix(500))"
    }
    return errors[range.upperBound...].trimmingCharacters(in: .newlines)
  }

  /// Expects the tool to have ended well.
  @discardableResult
  func succeeded(_ sourceLocation: SourceLocation = #_sourceLocation) -> Execution {
    #expect(
      status == 0 && !wasKilled, "\(wasKilled ? "signal" : "exit code") \(status): \(errors.suffix(1500))",
      sourceLocation: sourceLocation)
    return self
  }

  /// Expects the tool to have ended with an exit code and exactly this complaint.
  func failed(_ code: Int32, _ complaint: String, _ sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(!wasKilled && status == code, sourceLocation: sourceLocation)
    #expect(self.complaint == complaint, sourceLocation: sourceLocation)
  }
}

/// A running process of one of the built executables; its output goes to files.
final class RunningTool {
  private let process = Process()
  private let output, errors: String
  private let ended = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - executable: the path of the file to run.
  ///   - name: where standard output and standard error go, with `.out` and `.err` added.
  init(
    _ executable: String, _ arguments: [String], folder: String, log name: String,
    environment: [String: String]
  )
    throws
  {
    (output, errors) = ("\(name).out", "\(name).err")
    for file in [output, errors] { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
      .merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    process.terminationHandler = { [ended] _ in ended.signal() }
    try process.run()
  }

  var errorsSoFar: String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits until the log holds `text` or the process has ended.
  func waitFor(_ text: String) {
    for _ in 0..<3000 where process.isRunning && !errorsSoFar.contains(text) { usleep(10_000) }
  }

  /// Waits for the end; a process that takes minutes is killed.
  func wait() -> Execution {
    if ended.wait(timeout: .now() + 120) == .timedOut {
      send(SIGKILL)
      ended.wait()
    }
    return Execution(
      status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: (try? String(contentsOfFile: output, encoding: .utf8)) ?? "", errors: errorsSoFar)
  }
}

/// Where the executables are: beside the tests, wherever those were built.
enum Executables {
  static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let folder: URL? = {
    var starts = [Bundle.main.bundleURL, URL(fileURLWithPath: CommandLine.arguments[0])]
    if let executable = Bundle.main.executableURL { starts.append(executable) }
    var candidates: [URL] = []
    for var start in starts {
      for _ in 0..<4 {
        candidates.append(start)
        start.deleteLastPathComponent()
      }
    }
    candidates += ["debug", "release"].map { repository.appendingPathComponent(".build/\($0)") }
    return candidates.first {
      FileManager.default.isExecutableFile(atPath: $0.appendingPathComponent("cls-train").path)
    }
  }()

  static func path(_ tool: String) throws -> String {
    try #require(folder, "the tools must be built beside the tests: swift build --build-tests")
      .appendingPathComponent(tool).path
  }
}
