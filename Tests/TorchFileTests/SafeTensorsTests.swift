import Foundation
import OrderedCollections
import Testing

@testable import TorchFile

@Suite struct SafeTensorsTests {
  @Test func `reads tensors and metadata`() throws {
    let contents = try SafeTensors.read(path: Fixtures.path("types.safetensors"))
    #expect(contents.metadata.count == 2 && contents.metadata["format"] == "pt")
    #expect(contents.metadata["note"] == "quote \" \\ \n é")
    let checkpoint = try TorchFile.read(path: Fixtures.path("types.safetensors"))
    #expect(checkpoint.dictionary?.attributes["__metadata__"]?["format"] == .string("pt"))
    #expect(TorchFile.stateDict(in: checkpoint) == contents.tensors)
  }

  @Test func `what is written is read again, wider types first`() throws {
    let folder = try TemporaryFolder()
    let tensors: OrderedDictionary<String, StoredTensor> = [
      "mask": StoredTensor(bool: [true], shape: []), "w": StoredTensor(float32: [1, 2], shape: [2, 1]),
      "n\"\u{1}": StoredTensor(int64: [7], shape: [1]), "empty": StoredTensor(float32: [], shape: [0, 5]),
      "b": StoredTensor(float32: [3], shape: []),
    ]
    try SafeTensors.write(tensors, metadata: ["a": "\t\"é"], to: folder.file("a.safetensors"))
    let again = try SafeTensors.read(path: folder.file("a.safetensors"))
    #expect(Array(again.tensors.keys) == ["n\"\u{1}", "w", "empty", "b", "mask"])
    #expect(again.metadata == ["a": "\t\"é"])
    for (name, tensor) in tensors { #expect(again.tensors[name] == tensor) }
    #expect(throws: TorchFileError.self) {
      try SafeTensors.write(["__metadata__": StoredTensor(1)], to: folder.file("b"))
    }
    #expect(try folder.contents == ["a.safetensors"])
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var header: String
    var data: Int
    var message: String
    var testDescription: String { message }
  }

  static func line(_ offsets: String, shape: String = "[2]", type: String = "U8") -> String {
    "{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
  }

  static let cases = [
    Case(header: "{", data: 0, message: "header, byte 9: expected a name in quotes, found the end"),
    Case(header: "[]", data: 0, message: "header, byte 8: expected an object, found another value"),
    Case(header: "{} x", data: 0, message: "header, byte 11: expected the end of the header, found byte 120"),
    Case(header: "{}", data: 1, message: "header, byte 10: expected 0 bytes of tensors, found 1"),
    Case(
      header: "{\"a\":\(line("[0,2]")),\"b\":\(line("[1,3]"))}", data: 3,
      message: "tensor b: expected offset 2, where the previous tensor ends, found 1"),
    Case(
      header: "{\"a\":\(line("[1,3]"))}", data: 3,
      message: "tensor a: expected offset 0, where the previous tensor ends, found 1"),
    Case(
      header: "{\"a\":\(line("[0,2]")),\"a\":\(line("[2,4]"))}", data: 4,
      message: "header, byte 62: expected each name once, found 'a' again"),
    Case(
      header: "{\"a\":\(line("[0,3]"))}", data: 3,
      message: "tensor a: expected the bytes of a uint8 tensor of shape [2], found 3"),
    Case(
      header: "{\"a\":\(line("[0,2]", type: "F8"))}", data: 2, message: "tensor a: dtype 'F8' cannot be read"),
    Case(
      header: "{\"a\":\(line("[0,0]", shape: "[4294967296,4294967296,4294967296]"))}", data: 0,
      message:
        "tensor a: expected the bytes of a uint8 tensor of shape [4294967296, 4294967296, 4294967296], found 0"
    ),
    Case(
      header: "{\"a\":\(line("[2,0]"))}", data: 2,
      message: "tensor a: expected two data_offsets, the lower one first, found [2, 0]"),
    Case(
      header: "{\"a\":\(line("[0,-2]"))}", data: 2,
      message:
        "header, byte 57: expected an object, an array, a string or an integer of at least 0, found byte 45"),
    Case(
      header: "{\"__metadata__\":{\"a\":1}}", data: 0,
      message: "header: expected a string under __metadata__.a, found another value"),
    Case(
      header: String(repeating: "{\"a\":", count: 20), data: 0,
      message: "header, byte 53: expected at most 8 nested values, found byte 123"),
  ]

  @Test(arguments: cases) func `a faulty header is named`(_ c: Case) throws {
    let bytes =
      littleEndianBytes([UInt64(c.header.utf8.count)]) + Array(c.header.utf8)
      + [UInt8](repeating: 0, count: c.data)
    let error = try #require(throws: TorchFileError.self) {
      try SafeTensors.read(ByteSource(bytes: bytes, path: "x"), .default)
    }
    #expect(error.description == "x: " + c.message)
  }

  @Test func `a header longer than the file is cheap to refuse`() throws {
    for length in [UInt64(50_000_000), 1 << 40, .max] {
      #expect(throws: TorchFileError.self) {
        try SafeTensors.read(ByteSource(bytes: littleEndianBytes([length]) + [0x7b], path: "x"), .default)
      }
    }
  }
}
