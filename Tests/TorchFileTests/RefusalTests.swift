import Foundation
import Testing

@testable import TorchFile

/// Files that ask for more than data, or for more than they hold.
@Suite struct RefusalTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var message: String
    init(_ name: String, _ message: String) { (self.name, self.message) = (name, message) }
    var testDescription: String { name }
  }

  static let only = "only tensors and plain containers are read"
  static let program = "archive/data.pkl"
  static let cases = [
    Case("system", "\(program), byte 13: asks for posix.system; \(only)"),
    Case("eval", "\(program), byte 13: asks for __builtin__.eval; \(only)"),
    Case("exec", "\(program), byte 13: asks for __builtin__.exec; \(only)"),
    Case("getattr", "\(program), byte 59: asks for __builtin__.getattr; \(only)"),
    Case("inst", "\(program), byte 9: asks for os.system; \(only)"),
    Case("legacy-system", "byte 150: asks for posix.system; \(only)"),
    Case("stack-global", "\(program), byte 28: asks for posix.system; \(only)"),
    Case("module", "\(program), byte 15: asks for torch.nn.modules.linear.Linear; \(only)"),
    Case("laughs", "\(program): values, shared ones counted each time: 5555556, at most 5000000 allowed"),
    Case("cycle", "\(program): a container that holds itself cannot be read"),
    Case("deep", "\(program): containers inside one another: 201, at most 200 allowed"),
    Case(
      "numel",
      "\(program), byte 94: expected a storage's size of at least 0, found 2305843009213693952 elements"),
    Case("short", "archive/data/0: expected 20 bytes as the pickle states, found 16"),
    Case(
      "shape",
      "\(program), byte 160: expected a shape that can be addressed, "
        + "found [4611686018427387904, 4611686018427387904]"),
    Case(
      "expand", "\(program): bytes of copied tensors and strings: 4398046511104, at most 67108864 allowed"),
    Case("offset", "\(program), byte 148: expected a storage offset of at least 0, found -1"),
    Case("stride", "\(program), byte 156: expected strides of at least 0, found [-1]"),
    Case(
      "outside",
      "\(program), byte 148: expected a tensor inside its storage of 4 elements, "
        + "found offset 2, shape [3], strides [1]"),
    Case("rank", "\(program), byte 150: expected a stride for each of 1 axes, found 2 strides"),
    Case(
      "name", "zip directory, byte 266: expected an entry name inside the archive, found 'archive/../../x'"),
    Case("twice", "archive/version, byte 268: expected one entry of this name, found a second one"),
  ]

  @Test(arguments: cases) func `is refused with place and reason`(_ c: Case) throws {
    let path = Fixtures.path("bad-\(c.name).pth")
    let error = try #require(throws: TorchFileError.self) { try TorchFile.read(path: path) }
    #expect(error.description == path + ": " + c.message)
  }

  static let foreign = [
    Case("", "found an empty file"), Case("<!DOCTYPE html>", "found a web page"),
    Case("\u{1f}\u{8b}".unicodeScalars.map { String($0) }.joined(), "found first bytes 1f c2 8b"),
    Case("version https://git-lfs.github.com", "found a pointer of Git LFS; the file itself was not fetched"),
    Case("hello", "found first bytes 68 65 6c 6c 6f"),
  ]

  @Test(arguments: foreign) func `other formats are named`(_ c: Case) throws {
    let error = try #require(throws: TorchFileError.self) { try TorchFile.read(bytes: [UInt8](c.name.utf8)) }
    #expect(
      error.description == "memory: expected a zip or legacy .pth file or a .safetensors file, \(c.message)")
  }

  @Test func `missing files and folders are named`() throws {
    let folder = try TemporaryFolder()
    let missing = try #require(throws: TorchFileError.self) {
      try TorchFile.read(path: folder.file("no.pth"))
    }
    #expect(missing.description == folder.file("no.pth") + ": cannot open: No such file or directory")
    let directory = try #require(throws: TorchFileError.self) { try TorchFile.read(path: folder.path) }
    #expect(directory.description == folder.path + ": cannot read: Is a directory")
    let device = try #require(throws: TorchFileError.self) { try TorchFile.read(path: "/dev/zero") }
    #expect(device.reason == .unknownFormat(found: "a file that is not a regular file"))
  }

  @Test(arguments: ["types.pth", "legacy-types.pth", "types.safetensors"])
  func `a file cut anywhere is an error`(_ name: String) throws {
    let whole = try Fixtures.bytes(name)
    for length in stride(from: 0, to: whole.count, by: 7) {
      #expect(throws: TorchFileError.self) { try TorchFile.read(bytes: Array(whole.prefix(length))) }
    }
  }

  @Test func `a changed byte of a stored tensor fails its checksum`() throws {
    var bytes = try Fixtures.bytes("types.pth")
    let content = littleEndianBytes([Float(1).bitPattern, Float(-2.5).bitPattern])
    let at = try #require(bytes.indices.first { bytes[$0...].starts(with: content) })
    bytes[at] ^= 1
    let error = try #require(throws: TorchFileError.self) { try TorchFile.read(bytes: bytes) }
    #expect(error.entry == "types/data/0")
    guard case .checksum = error.reason else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func `a deflated entry may not unpack beyond the limit`() throws {
    var limits = TorchFile.Limits()
    (limits.inflation, limits.allowance) = (0, 100)
    let error = try #require(throws: TorchFileError.self) {
      try TorchFile.read(path: Fixtures.path("deflated.pth"), limits: limits)
    }
    guard case .limit("bytes of unpacked entries", _, allowed: 100) = error.reason else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func `a value in memory is limited`() throws {
    var limits = TorchFile.Limits()
    limits.nodes = 100
    #expect(throws: TorchFileError.self) {
      try TorchFile.read(path: Fixtures.path("checkpoint.pth"), limits: limits)
    }
  }
}
