import Foundation
import OrderedCollections
import Testing

@testable import TorchFile

@Suite struct WriteTests {
  static let unchanged = ["types.pth", "views.pth", "checkpoint.pth", "bare.pth", "legacy-checkpoint.pth"]

  @Test(arguments: unchanged) func `what was read is written and read again`(_ name: String) throws {
    let folder = try TemporaryFolder()
    let value = try TorchFile.read(path: Fixtures.path(name))
    try TorchFile.write(value, to: folder.file("a.pth"))
    let again = try TorchFile.read(path: folder.file("a.pth"))
    #expect(Fixtures.lines(again) == Fixtures.lines(value))
    #expect(again["state_dict"]?.dictionary?.attributes == value["state_dict"]?.dictionary?.attributes)
    try TorchFile.write(again, to: folder.file("b.pth"))
    #expect(
      FileManager.default.contentsEqual(atPath: folder.file("a.pth"), andPath: folder.file("b.pth")))
    #expect(try folder.contents == ["a.pth", "b.pth"])
  }

  @Test func `every kind of value has a form`() throws {
    let folder = try TemporaryFolder()
    let value = try TorchFile.read(path: Fixtures.path("kinds.pth"))
    try TorchFile.write(value, to: folder.file("a.pth"))
    var expected = try #require(value.dictionary)
    for key in ["default", "namespace"] {
      var plain = try #require(expected[key]?.dictionary)
      plain.kind = .plain
      expected[key] = .dictionary(plain)
    }
    var nested = try #require(expected["namespace"]?["nested"]?.dictionary)
    nested.kind = .plain
    var namespace = try #require(expected["namespace"]?.dictionary)
    namespace["nested"] = .dictionary(nested)
    expected["namespace"] = .dictionary(namespace)
    #expect(try TorchFile.read(path: folder.file("a.pth")) == .dictionary(expected))
  }

  @Test func `numbers and texts of every length come back`() throws {
    let folder = try TemporaryFolder()
    let integers = [0, 255, 256, 65535, 65536, -1, .min, .max, 1 << 31, -1 << 31]
    var values: [PickleValue] = integers.map { .int($0) }
    values += [.bigInteger([0, 0, 0, 0, 0, 0, 0, 0x80, 0]), .float(.pi), .float(-.infinity), .string("")]
    values += [.string(String(repeating: "é", count: 1000)), .bytes(Array(0...255)), .list([]), .set([])]
    for count in 0...5 { values.append(.tuple((0..<count).map { .int($0) })) }
    for i in 0..<3000 { values.append(.string("key \(i)")) }
    values += [.dictionary([:]), .dictionary(PickleDictionary([:], kind: .counter))]
    let value = PickleValue.list(values)
    try TorchFile.write(value, to: folder.file("a.pth"))
    #expect(try TorchFile.read(path: folder.file("a.pth")) == value)
  }

  @Test func `each storage begins at a multiple of 64`() throws {
    let folder = try TemporaryFolder()
    var state = OrderedDictionary<String, StoredTensor>()
    for count in 0..<20 {
      state["w\(count)"] = StoredTensor(float32: (0..<count).map(Float.init), shape: [count])
    }
    try TorchFile.write(.dictionary(PickleDictionary(stateDict: state)), to: folder.file("a.pth"))
    let source = try ByteSource(path: folder.file("a.pth"))
    let archive = try ZipArchive(source, Budget(.default, fileSize: source.count))
    #expect(archive.entries.allSatisfy { $0.dataOffset % 64 == 0 && !$0.isDeflated })
    #expect(archive.entries.first?.name == "archive/data.pkl")
    #expect(archive["archive/version"] != nil && archive["archive/byteorder"] != nil)
    #expect(TorchFile.stateDict(in: try TorchFile.read(path: folder.file("a.pth"))) == state)
  }

  @Test func `values without a form are refused`() throws {
    let folder = try TemporaryFolder()
    let error = try #require(throws: TorchFileError.self) {
      try TorchFile.write(.symbol("os.system"), to: folder.file("a.pth"))
    }
    #expect(error.description == folder.file("a.pth") + ": a reference to os.system cannot be written")
    var deep = PickleValue.none
    for _ in 0..<1000 { deep = .list([deep]) }
    #expect(throws: TorchFileError.self) { try TorchFile.write(deep, to: folder.file("a.pth")) }
    #expect(try folder.contents == [])
  }
}
