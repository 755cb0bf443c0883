import Foundation
import Glibc
import Logging

/// Writes log lines as mmcv does: `2026-01-01 12:00:00,123 - mmcls - INFO - text`.
///
/// Lines go to the standard error stream and to a file.
public struct TextLogHandler: LogHandler {
  public var metadata: Logger.Metadata = [:]
  public var logLevel = Logger.Level.info
  private let label: String
  private let sink: @Sendable (String) -> Void
  private let now: @Sendable () -> Date

  /// - Parameters:
  ///   - label: the suite's name, `mmcls`.
  ///   - sink: takes each line, without a newline at its end.
  public init(
    label: String, now: @escaping @Sendable () -> Date = { Date() },
    sink: @escaping @Sendable (String) -> Void
  ) {
    (self.label, self.now, self.sink) = (label, now, sink)
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    sink("\(Self.time(now())) - \(label) - \(Self.name(event.level)) - \(event.message)")
  }

  /// `2026-01-01 12:00:00,123`, local time.
  static func time(_ date: Date) -> String {
    let whole = date.timeIntervalSince1970.rounded(.down)
    var seconds = time_t(whole)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return String(
      format: "%04d-%02d-%02d %02d:%02d:%02d,%03d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
      parts.tm_hour, parts.tm_min, parts.tm_sec, Int((date.timeIntervalSince1970 - whole) * 1000))
  }

  /// Python's names of levels.
  static func name(_ level: Logger.Level) -> String {
    switch level {
    case .trace, .debug: "DEBUG"
    case .info, .notice: "INFO"
    case .warning: "WARNING"
    case .error: "ERROR"
    case .critical: "CRITICAL"
    }
  }
}

extension Logger {
  /// A logger for a run: lines go to the standard error stream and, if given, to a file that is started anew.
  ///
  /// - Throws: `TorchFileError` when the file can't be opened.
  public static func forRun(label: String, file path: String? = nil, level: Logger.Level = .info) throws
    -> Logger
  {
    let file = try path.map { try LineFile(path: $0, appending: false) }
    var logger = Logger(label: label) { label in
      TextLogHandler(label: label) { line in
        let bytes = Array((line + "\n").utf8)
        _ = writeAll(bytes, to: STDERR_FILENO)
        // A full disk must not end a training; the checkpoint that fails will say so.
        try? file?.write(bytes)
      }
    }
    logger.logLevel = level
    return logger
  }

  /// A logger that drops everything.
  public static var silent: Logger { Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() } }
}
