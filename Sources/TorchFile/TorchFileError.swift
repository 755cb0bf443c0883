#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What went wrong with a checkpoint file, and where.
///
/// The description reads `file: entry, byte: reason`.
public struct TorchFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file as the caller named it.
  public var path: String
  /// The archive entry or part of the file the offset counts in, if it is not the file itself.
  public var entry: String?
  /// The byte at which the fault was found.
  public var offset: Int?
  public var reason: Reason

  public enum Reason: Sendable, Equatable {
    /// A call of the system failed; `code` is `errno`.
    case system(operation: String, code: Int32)
    /// The file is none of the formats that are read.
    case unknownFormat(found: String)
    /// The data ends early: so many bytes were due, so many were left.
    case truncated(needed: Int, available: Int)
    case malformed(expected: String, found: String)
    /// The file is well formed but holds something this package has no value for.
    case unsupported(String)
    /// The file asks for a name of Python that is neither a tensor's nor a plain container's.
    case refused(name: String)
    /// The bytes of an entry do not have the CRC-32 that the archive states.
    case checksum(expected: UInt32, found: UInt32)
    /// Reading on would take more than `TorchFile.Limits` allows.
    case limit(String, found: Int, allowed: Int)
    /// A value that cannot be written in this format.
    case unwritable(String)
  }

  public init(path: String, entry: String? = nil, offset: Int? = nil, reason: Reason) {
    (self.path, self.entry, self.offset, self.reason) = (path, entry, offset, reason)
  }

  public var description: String {
    var place = path
    if let entry { place += ": " + entry }
    if let offset { place += (entry == nil ? ": byte " : ", byte ") + String(offset) }
    return place + ": " + reason.description
  }
}

extension TorchFileError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .system(let operation, let code):
      "cannot \(operation): \(String(cString: strerror(code)))"
    case .unknownFormat(let found):
      "expected a zip or legacy .pth file or a .safetensors file, found \(found)"
    case .truncated(let needed, let available):
      "the data ends early: \(needed) bytes due, \(available) left"
    case .malformed(let expected, let found): "expected \(expected), found \(found)"
    case .unsupported(let what): "\(what) cannot be read"
    case .refused(let name): "asks for \(name); only tensors and plain containers are read"
    case .checksum(let expected, let found):
      "the CRC-32 should be \(hexadecimal(expected)), the bytes have \(hexadecimal(found))"
    case .limit(let what, let found, let allowed): "\(what): \(found), at most \(allowed) allowed"
    case .unwritable(let what): "\(what) cannot be written"
    }
  }

  private func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}

/// The file and entry being read; makes the errors that name them.
struct Place: Sendable {
  var path: String
  var entry: String?

  func error(_ reason: TorchFileError.Reason, at offset: Int? = nil) -> TorchFileError {
    TorchFileError(path: path, entry: entry, offset: offset, reason: reason)
  }

  func malformed(_ expected: String, found: String, at offset: Int? = nil) -> TorchFileError {
    error(.malformed(expected: expected, found: found), at: offset)
  }

  func entry(_ name: String) -> Place { Place(path: path, entry: name) }
}
