#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Synchronization

/// Files that are either completely written or not changed at all.
public enum AtomicFile {
  /// Writes a file through a temporary one in the same folder.
  ///
  /// The temporary file is flushed to the disk and renamed over `path`, and the folder is flushed after that. On any
  /// error, `body`'s own included, the temporary file is removed and what was at `path` stays as it was. A symbolic link
  /// at `path` is replaced, not followed; the permissions of a replaced file are kept.
  ///
  /// - Throws: `TorchFileError` that names `path` for each failed call of the system, and whatever `body` throws.
  public static func write(to path: String, _ body: (FileWriter) throws -> Void) throws {
    func failure(_ operation: String, _ code: Int32 = errno) -> TorchFileError {
      TorchFileError(path: path, reason: .system(operation: operation, code: code))
    }
    if path.isEmpty || path.utf8.contains(0) { throw failure("create", EINVAL) }
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    let folder = slash.map { String(path[...$0]) } ?? "./"
    if name.isEmpty { throw failure("create", EISDIR) }

    var status = stat()
    var permissions: mode_t?
    if lstat(path, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFREG: permissions = status.st_mode & 0o777
      case S_IFLNK: break
      case S_IFDIR: throw failure("replace", EISDIR)
      default:
        throw TorchFileError(
          path: path,
          reason: .malformed(expected: "a regular file to replace", found: "a device, pipe or socket"))
      }
    } else if errno != ENOENT {
      throw failure("inspect")
    }

    let (temporary, descriptor) = try create(in: folder, for: name, failure)
    var isOpen = true
    do {
      let writer = FileWriter(descriptor: descriptor, path: path)
      if let permissions, fchmod(descriptor, permissions) != 0 { throw failure("set the permissions") }
      try body(writer)
      try writer.flush()
      if fsync(descriptor) != 0 { throw failure("flush") }
      isOpen = false
      if close(descriptor) != 0 { throw failure("close") }
      if rename(temporary, path) != 0 { throw failure("rename the temporary file") }
    } catch {
      if isOpen { close(descriptor) }
      unlink(temporary)
      throw error
    }
    try flush(folder: folder, failure)
  }

  private static let serial = Atomic<Int>(0)

  private static func create(
    in folder: String, for name: String, _ failure: (String, Int32) -> TorchFileError
  ) throws(TorchFileError) -> (path: String, descriptor: Int32) {
    // A name may fill the file system's 255 bytes; the temporary one keeps what fits.
    let kept = String(decoding: name.utf8.prefix(200), as: UTF8.self)
    for _ in 0..<100 {
      let number = serial.wrappingAdd(1, ordering: .relaxed).newValue
      let path = "\(folder).\(kept).\(getpid())-\(number).part"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return (path, descriptor) }
      if errno != EEXIST { throw failure("create a temporary file", errno) }
    }
    throw failure("create a temporary file", EEXIST)
  }

  private static func flush(folder: String, _ failure: (String, Int32) -> TorchFileError)
    throws(TorchFileError)
  {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { throw failure("open the folder", errno) }
    defer { close(descriptor) }
    // Some file systems cannot flush a folder and say so.
    if fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP {
      throw failure("flush the folder", errno)
    }
  }
}
