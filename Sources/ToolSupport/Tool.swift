import ArgumentParser
import Core
import Dispatch
import Foundation
import PyConfig
import Synchronization

/// How the tools start, fail and stop.
public enum Tool {
  private static let interrupted = Atomic<Bool>(false)

  /// Parses the command line and runs a tool; bad usage ends with exit code 2.
  public static func main(_ command: (some ParsableCommand).Type) {
    do {
      var tool = try command.parseAsRoot()
      try tool.run()
    } catch let code as ExitCode {
      command.exit(withError: code)
    } catch {
      guard command.exitCode(for: error) != .success else { command.exit(withError: error) }
      let name = command.configuration.commandName ?? "\(command)"
      complain(name, "\(command.message(for: error)); see \(name) --help")
      command.exit(withError: ExitCode(2))
    }
  }

  /// Runs a tool's work and turns what goes wrong into a message and an exit code: 1 for failures, 2 for a config that
  /// can't be read, 130 for an interrupted run that was saved.
  public static func run(_ name: String, _ body: () throws -> Void) throws {
    // A file that grows beyond the limit of its size is an error like a full disk, no reason to die.
    signal(SIGXFSZ, SIG_IGN)
    do {
      try body()
    } catch let code as ExitCode {
      throw code
    } catch let stop as RunInterrupted {
      complain(name, "\(stop)")
      throw ExitCode(130)
    } catch let error as CocoaError {
      let place = error.filePath.map { "\($0): " } ?? ""
      complain(name, "\(place)\(error.localizedDescription)")
      throw ExitCode(1)
    } catch {
      complain(name, "\(error)")
      throw ExitCode(error is ConfigError ? 2 : 1)
    }
  }

  private static func complain(_ name: String, _ text: String) {
    FileHandle.standardError.write(Data("\(name): error: \(text)\n".utf8))
  }

  /// Whether the user asked the run to stop. The first Ctrl-C asks for a stop with a checkpoint, the second ends at once.
  public static func catchInterrupts() -> () -> Bool {
    signal(SIGINT) { _ in
      if Tool.interrupted.exchange(true, ordering: .relaxed) { _exit(130) }
    }
    // A parent that blocks signals passes that on to its children.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    signal(SIGTERM) { _ in _ = Tool.interrupted.exchange(true, ordering: .relaxed) }
    return { interrupted.load(ordering: .relaxed) }
  }
}

/// A line on the terminal that shows how far a loop has come; nothing where the output is not a terminal.
public struct ProgressBar {
  private let total: Int
  private let start = Date()
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var shown = Date.distantPast

  public init(total: Int) { self.total = total }

  public mutating func show(_ done: Int) {
    guard isTerminal, done == total || Date().timeIntervalSince(shown) > 0.2 else { return }
    shown = Date()
    let elapsed = shown.timeIntervalSince(start)
    let rate = elapsed > 0 ? Double(done) / elapsed : 0
    let left = rate > 0 ? Int(Double(total - done) / rate) : 0
    let bar = String(repeating: ">", count: total == 0 ? 30 : 30 * done / total)
    let text =
      "\r[\(bar.padding(toLength: 30, withPad: " ", startingAt: 0))] \(done)/\(total), "
      + "\(PythonText.fixed(rate, 1)) task/s, elapsed: \(Int(elapsed))s, ETA: \(left)s "
    FileHandle.standardError.write(Data((text + (done == total ? "\n" : "")).utf8))
  }
}

extension Tool {
  /// Tells the user something on the standard error stream.
  public static func note(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
  }

  /// Writes a text file; the file is there completely or not at all.
  public static func write(_ text: String, to path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    do {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw DataError("cannot be written: \(error.localizedDescription)", file: path)
    }
  }
}
