#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Random access to the bytes of a file, or of an array that stands for one.
///
/// A file is read, not mapped: another process that truncates it causes an error, not a signal.
final class ByteSource {
  let path: String
  let count: Int
  private let memory: [UInt8]
  private let descriptor: Int32

  init(bytes: [UInt8], path: String) {
    (self.path, self.count, self.memory, self.descriptor) = (path, bytes.count, bytes, -1)
  }

  init(path: String) throws(TorchFileError) {
    func failure(_ operation: String, _ code: Int32) -> TorchFileError {
      TorchFileError(path: path, reason: .system(operation: operation, code: code))
    }
    if path.utf8.contains(0) {
      throw TorchFileError(path: path, reason: .malformed(expected: "a path", found: "a NUL byte in it"))
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw failure("open", errno) }
    var status = stat()
    if fstat(descriptor, &status) != 0 {
      let code = errno
      close(descriptor)
      throw failure("inspect", code)
    }
    if status.st_mode & S_IFMT != S_IFREG {
      close(descriptor)
      throw status.st_mode & S_IFMT == S_IFDIR
        ? failure("read", EISDIR)
        : TorchFileError(path: path, reason: .unknownFormat(found: "a file that is not a regular file"))
    }
    (self.path, self.count, self.memory, self.descriptor) = (path, Int(status.st_size), [], descriptor)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// The whole content if it is in memory already.
  var resident: [UInt8]? { descriptor < 0 ? memory : nil }

  /// - Parameter range: within `0..<count`; checked.
  func read(_ range: Range<Int>, _ place: Place) throws(TorchFileError) -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw place.error(
        .truncated(needed: range.count, available: max(0, count - range.lowerBound)), at: range.lowerBound)
    }
    if descriptor < 0 { return range == 0..<count ? memory : [UInt8](memory[range]) }
    var failure: TorchFileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      filled = 0
      while filled < range.count {
        let target = buffer.baseAddress.map { $0 + filled }
        let got = pread(
          descriptor, target, min(range.count - filled, 1 << 30), off_t(range.lowerBound + filled))
        if got < 0 && errno == EINTR { continue }
        if got <= 0 {
          failure =
            got < 0
            ? place.error(.system(operation: "read", code: errno))
            : place.error(
              .truncated(needed: range.count, available: filled), at: range.lowerBound + filled)
          return
        }
        filled += got
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
