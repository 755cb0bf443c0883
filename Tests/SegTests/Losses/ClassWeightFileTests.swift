import Core
import Foundation
import Seg
import Testing
import TestSupport

/// Class weights from files of the kinds that the original reads.
@Suite struct ClassWeightFileTests {
  static func write(_ bytes: [UInt8], _ name: String) throws -> String {
    let path = NSTemporaryDirectory() + UUID().uuidString + name
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Weighted by `[2, 0]`: only the pixel of the first class counts.
  static func value(_ path: String) throws -> Float {
    let labels = Tensor([0, 1] as [Int64], shape: [1, 1, 2])
    let logits = Tensor.zeros([1, 2, 1, 2])
    let loss = try SegmentationLossTests.loss("dict(type='CrossEntropyLoss', class_weight='\(path)')")
    let value = try loss(logits, labels)
    return value.item
  }

  @Test(arguments: [("[2.0, 0]", ".json"), ("- 2.0\n- 0\n", ".yaml"), ("[2, 0.0]\n", ".yml")])
  func `text`(_ text: String, _ name: String) throws {
    let path = try Self.write(Array(text.utf8), name)
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(abs(try Self.value(path) - logf(2)) < 1e-6)
  }

  @Test(arguments: [4, 8]) func `NumPy`(_ size: Int) throws {
    var header = "{'descr': '<f\(size)', 'fortran_order': False, 'shape': (2,), }"
    header += String(repeating: " ", count: 117 - header.count) + "\n"
    var bytes: [UInt8] =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
    for value in [2.0, 0.0] {
      let bits = size == 8 ? value.bitPattern : UInt64(Float(value).bitPattern)
      bytes += (0..<size).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    }
    let path = try Self.write(bytes, ".npy")
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(abs(try Self.value(path) - logf(2)) < 1e-6)
    let cut = try Self.write(Array(bytes.prefix(40)), ".npy")
    defer { try? FileManager.default.removeItem(atPath: cut) }
    #expect(segErrorText { _ = try Self.value(cut) }.hasSuffix("\(cut): ends within its header"))
  }

  @Test func `something else is refused`() throws {
    let path = try Self.write(Array("{\"a\": 1}".utf8), ".json")
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(segErrorText { _ = try Self.value(path) }.hasSuffix("\(path): must hold a list of numbers"))
  }
}
