import Foundation
import Testing

@testable import TorchFile

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite struct AtomicFileTests {
  struct Stop: Error {}

  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func `replaces a file and keeps its permissions`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a")
    try AtomicFile.write(to: path) { try $0.write("old") }
    #expect(chmod(path, 0o640) == 0)
    try AtomicFile.write(to: path) { file in
      try file.write("new")
      try file.write([UInt8](repeating: 65, count: 1 << 20))
      #expect(file.position == 3 + 1 << 20)
    }
    #expect(try text(path).utf8.count == 3 + 1 << 20)
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
    #expect(try folder.contents == ["a"])
  }

  @Test func `an error of the body leaves the old file and nothing else`() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(to: folder.file("a")) { try $0.write("old") }
    #expect(throws: Stop.self) {
      try AtomicFile.write(to: folder.file("a")) { file in
        try file.write(String(repeating: "new", count: 1 << 20))
        throw Stop()
      }
    }
    #expect(try text(folder.file("a")) == "old")
    #expect(try folder.contents == ["a"])
  }

  @Test func `a full device is an error`() throws {
    let device = open("/dev/full", O_WRONLY)
    try #require(device >= 0)
    defer { close(device) }
    let writer = FileWriter(descriptor: device, path: "there")
    try writer.write("kept back")
    let late = try #require(throws: TorchFileError.self) { try writer.flush() }
    #expect(late.description == "there: cannot write: No space left on device")
    let large = try #require(throws: TorchFileError.self) {
      try writer.write([UInt8](repeating: 0, count: 1 << 20))
    }
    #expect(large.reason == .system(operation: "write", code: ENOSPC))
  }

  @Test func `folders, devices and missing folders are named`() throws {
    let folder = try TemporaryFolder()
    func message(_ path: String) throws -> String {
      try #require(throws: TorchFileError.self) { try AtomicFile.write(to: path) { _ in } }.description
    }
    #expect(try message(folder.path) == folder.path + ": cannot replace: Is a directory")
    #expect(try message(folder.path + "/") == folder.path + "/: cannot create: Is a directory")
    #expect(
      try message("/dev/full")
        == "/dev/full: expected a regular file to replace, found a device, pipe or socket")
    let missing = folder.file("no/a")
    #expect(try message(missing) == missing + ": cannot create a temporary file: No such file or directory")
    #expect(try message("") == ": cannot create: Invalid argument")
  }

  @Test func `a link is replaced, its target kept`() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(to: folder.file("target")) { try $0.write("old") }
    #expect(symlink("target", folder.file("link")) == 0)
    try AtomicFile.write(to: folder.file("link")) { try $0.write("new") }
    #expect(try text(folder.file("target")) == "old")
    #expect(try text(folder.file("link")) == "new")
  }

  /// In a process of its own, whose files may not grow beyond 64 KiB.
  @Test func `a checkpoint that does not fit leaves the old one`() async throws {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let path = folder.file("a.pth")
      try TorchFile.write(.int(1), to: path)
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 1 << 16, rlim_max: 1 << 16)
      #if canImport(Glibc)
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      #else
      setrlimit(RLIMIT_FSIZE, &limit)
      #endif
      let large = StoredTensor(uint8: [UInt8](repeating: 1, count: 1 << 20), shape: [1 << 20])
      do {
        try TorchFile.write(.tensor(large), to: path)
        exit(2)
      } catch {
        guard "\(error)" == path + ": cannot write: File too large" else { exit(3) }
      }
      guard try TorchFile.read(path: path) == .int(1), try folder.contents == ["a.pth"] else { exit(4) }
    }
  }
}
