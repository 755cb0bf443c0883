#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Appends to a file through a buffer; large pieces go to the system directly.
public final class FileWriter {
  private let descriptor: Int32
  private let path: String
  private var buffer: [UInt8] = []
  private static let capacity = 1 << 18
  /// Bytes written so far, buffered ones included.
  public private(set) var position = 0

  /// - Parameter path: the name in error messages. The descriptor stays the caller's to close.
  init(descriptor: Int32, path: String) {
    (self.descriptor, self.path) = (descriptor, path)
    buffer.reserveCapacity(Self.capacity)
  }

  public func write(_ bytes: [UInt8]) throws(TorchFileError) {
    position += bytes.count
    if buffer.count + bytes.count <= Self.capacity {
      buffer.append(contentsOf: bytes)
      return
    }
    try flush()
    try send(bytes)
  }

  public func write(_ text: String) throws(TorchFileError) {
    try write([UInt8](text.utf8))
  }

  /// Hands buffered bytes to the system.
  public func flush() throws(TorchFileError) {
    try send(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  private func send(_ bytes: [UInt8]) throws(TorchFileError) {
    var sent = 0
    while sent < bytes.count {
      let got = bytes.withUnsafeBytes { raw in
        Self.send(descriptor, UnsafeRawBufferPointer(rebasing: raw[sent...].prefix(1 << 30)))
      }
      if got > 0 {
        sent += got
      } else if got < 0 && errno == EINTR {
        continue
      } else {
        throw TorchFileError(path: path, reason: .system(operation: "write", code: got < 0 ? errno : EIO))
      }
    }
  }

  private static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
    Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #else
    Darwin.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }
}
