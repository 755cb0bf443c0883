import Foundation
import OrderedCollections
import Testing

@testable import TorchFile

@Suite struct ReadTests {
  static let names = [
    "types.pth", "views.pth", "checkpoint.pth", "kinds.pth", "legacy-types.pth", "legacy-views.pth",
    "legacy-checkpoint.pth", "legacy-kinds.pth", "protocol3.pth", "protocol4.pth", "protocol5.pth",
    "legacy-protocol0.pth", "legacy-protocol1.pth", "bare.pth", "no-checksums.pth", "deflated.pth",
    "little.pth",
    "big-endian.pth", "records.pth", "python2.pth", "types.safetensors",
  ]

  /// Values: Fixtures/torchfile/make.py.
  @Test(arguments: names) func `reads every value to the bit`(_ name: String) throws {
    let expected = try #require(try Fixtures.expected()[name])
    let read = try TorchFile.read(path: Fixtures.path(name))
    #expect(Fixtures.lines(read) == expected)
    #expect(Fixtures.lines(try TorchFile.read(bytes: try Fixtures.bytes(name))) == expected)
  }

  @Test func `every file with expectations is read`() throws {
    #expect(try Fixtures.expected().keys.sorted() == Self.names.sorted())
  }

  @Test func `a state dict keeps its order and versions`() throws {
    let checkpoint = try TorchFile.read(path: Fixtures.path("checkpoint.pth"))
    let tensors = try #require(TorchFile.stateDict(in: checkpoint))
    #expect(
      Array(tensors.keys) == [
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
        "1.num_batches_tracked",
        "3.weight", "3.bias",
      ])
    let dictionary = try #require(checkpoint["state_dict"]?.dictionary)
    #expect(dictionary.kind == .ordered)
    #expect(dictionary.attributes["_metadata"]?["1"]?["version"] == .int(2))
    #expect(TorchFile.stateDict(in: .dictionary(dictionary)) == tensors)
    #expect(TorchFile.stateDict(in: .dictionary(["epoch": .int(3)])) == nil)
    #expect(TorchFile.stateDict(in: .int(3)) == nil)
    #expect(tensors["1.num_batches_tracked"]?.asInt64() == [2])
  }

  @Test func `records keep their class's name`() throws {
    let records = try TorchFile.read(path: Fixtures.path("records.pth"))
    #expect(records["cfg"]?.dictionary?.kind == .record("mmcv.utils.config.ConfigDict"))
    #expect(records["history"]?.dictionary?.kind == .record("mmengine.logging.history_buffer.HistoryBuffer"))
  }

  @Test func `elements of every type convert`() throws {
    let types = try #require(TorchFile.stateDict(in: try TorchFile.read(path: Fixtures.path("types.pth"))))
    #expect(types["float32"]?.asFloat32() == [0, 1, -2.5, 3, 65504, 0.1, -0.0, 1e-7])
    #expect(types["float64"]?.asFloat32() == types["float32"]?.asFloat32())
    let half: [Float] = [0, 1, -2.5, 3, 65504, 0.0999755859375, -0.0, 1.1920929e-07]
    #expect(types["float16"]?.asFloat32() == half)
    #expect(types["bfloat16"]?.asFloat32() == [0, 1, -2.5, 3, 65536, 0.10009765625, -0.0, 1.0011718e-07])
    #expect(types["int16"]?.asFloat32().prefix(4) == [0, 1, -2, 3])
    #expect(types["bool"]?.asFloat32() == [0, 1, 1, 1, 1, 1, 0, 1])
    #expect(types["uint8"]?.asFloat64() == [0, 1, 0, 3, 100, 0, 0, 0])
    #expect(types["int8"]?.asInt64() == [0, 1, -2, 3, 100, 0, 0, 0])
    #expect(types["specials"]?.asFloat32().prefix(2) == [.infinity, -.infinity])
    #expect(types["specials"]?.asFloat32()[2].isNaN == true)
    #expect(types["scalar"]?.shape == [] && types["empty"]?.shape == [0, 3])
  }
}
