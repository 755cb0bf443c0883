import Glibc
import Synchronization
import TorchFile

/// A text file that grows by whole lines; a line that was written survives the end of the process.
public final class LineFile: Sendable {
  public let path: String
  private let descriptor: Mutex<Int32>

  /// - Throws: `TorchFileError` with the path when the file can't be opened.
  public init(path: String, appending: Bool) throws {
    self.path = path
    let opened = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (appending ? 0 : O_TRUNC), 0o666)
    guard opened >= 0 else {
      throw TorchFileError(path: path, reason: .system(operation: "open", code: errno))
    }
    descriptor = Mutex(opened)
  }

  deinit {
    let opened = descriptor.withLock { $0 }
    close(opened)
  }

  /// Adds a line; the newline is added to `text`.
  ///
  /// - Throws: `TorchFileError` with the path.
  public func write(_ text: String) throws {
    try write(Array((text + "\n").utf8))
  }

  func write(_ bytes: [UInt8]) throws {
    let code: Int32 = descriptor.withLock { writeAll(bytes, to: $0) }
    if code != 0 { throw TorchFileError(path: path, reason: .system(operation: "write", code: code)) }
  }
}

/// Writes all bytes to a file descriptor; returns `errno` or 0.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
  bytes.withUnsafeBytes { buffer in
    var start = 0
    while start < buffer.count {
      guard let base = buffer.baseAddress else { return 0 }
      let count = Glibc.write(descriptor, base + start, buffer.count - start)
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      start += count
    }
    return 0
  }
}
