import Foundation

/// Text files of data sets: one entry a line.
public enum TextFile {
  /// The lines, without line ends; an end of line at the end of the file starts no further line.
  ///
  /// - Throws: `DataError` when the file cannot be read, is not UTF-8, or is larger than 1 GiB.
  public static func lines(_ path: String) throws -> [String] {
    let bytes = try DataFile.read(path, limit: 1 << 30)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataError("must be a text file in UTF-8", file: path)
    }
    // By bytes: to Swift, a carriage return and the newline behind it are one character.
    var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      String(Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
    }
    if lines.last == "" { lines.removeLast() }
    return lines
  }
}

/// Whole files of data sets.
public enum DataFile {
  /// The bytes of a file; `~` is the user's folder.
  ///
  /// - Throws: `DataError` that says what is wrong with the file.
  public static func read(_ path: String, limit: Int = 1 << 33) throws -> [UInt8] {
    let path = expandingTilde(path)
    guard let handle = fopen(path, "rb") else {
      throw DataError("cannot be read: \(String(cString: strerror(errno)))", file: path)
    }
    defer { fclose(handle) }
    var info = stat()
    guard fstat(fileno(handle), &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      throw DataError("must be a file", file: path)
    }
    let size = Int(info.st_size)
    guard size <= limit else { throw DataError("must be at most \(limit) bytes, found \(size)", file: path) }
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      filled = fread(buffer.baseAddress, 1, size, handle)
      guard filled == size else { throw DataError("ends after \(filled) of \(size) bytes", file: path) }
    }
  }

  public static func exists(_ path: String) -> Bool { access(expandingTilde(path), F_OK) == 0 }

  static func expandingTilde(_ path: String) -> String {
    guard path == "~" || path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
    return String(cString: home) + path.dropFirst()
  }
}

extension DataFile {
  /// Writes a text file and the folders that it is in; the file is there completely or not at all.
  ///
  /// - Throws: `DataError` that says what is wrong with the path.
  public static func write(_ text: String, to path: String) throws {
    let url = URL(fileURLWithPath: expandingTilde(path))
    do {
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url, options: .atomic)
    } catch {
      throw DataError("cannot be written: \(error.localizedDescription)", file: path)
    }
  }
}
