import Foundation
import Testing

@testable import TorchFile

@Suite struct SHA256Tests {
  /// Values: the examples of FIPS 180-4, and `hashlib.sha256(bytes([65]) * n)`.
  @Test func `matches the published examples`() {
    func hash(_ bytes: [UInt8]) -> String {
      var hash = SHA256()
      hash.update(bytes)
      return hash.finish()
    }
    #expect(hash([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(hash(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      hash(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    for count in [55, 56, 63, 64, 65, 1000] {
      var pieces = SHA256()
      for start in stride(from: 0, to: count, by: 13) {
        pieces.update([UInt8](repeating: 65, count: min(13, count - start)))
      }
      #expect(pieces.finish() == hash([UInt8](repeating: 65, count: count)))
    }
  }

  @Test func `a file's hash and its name's suffix`() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(to: folder.file("a")) { try $0.write([UInt8](repeating: 97, count: 1_000_000)) }
    #expect(
      try TorchFile.sha256(ofFile: folder.file("a"))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    #expect(TorchFile.hashSuffix(ofName: "x/resnet50_8xb32_in1k_20210831-ea4938fc.pth") == "ea4938fc")
    #expect(TorchFile.hashSuffix(ofName: "resnet18-5c106cde.pth") == "5c106cde")
    #expect(TorchFile.hashSuffix(ofName: "epoch_3.pth") == nil)
    #expect(TorchFile.hashSuffix(ofName: "resnet-small.pth") == nil)
    #expect(TorchFile.hashSuffix(ofName: "a-12345678/epoch.pth") == nil)
  }
}
