import Foundation
import Glibc

/// A file of TensorBoard events: length-prefixed protocol buffers with checksums.
///
/// A record is its length (8 bytes), the length's checksum, the bytes, and their checksum; checksums are CRC-32C, masked.
/// Fields of `Event`: 1 wall time (double), 2 step, 3 file version, 5 summary; of `Summary`: 1 value; of a value:
/// 1 tag, 2 number (float), 8 tensor, 9 metadata.
final class EventFile {
  private let file: LineFile
  private let now: () -> Double

  /// Starts a file in `directory`, which is made if need be.
  init(directory: String, now: @escaping () -> Double = { Date().timeIntervalSince1970 }) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let name = "events.out.tfevents.\(Int(now())).\(ProcessInfo.processInfo.hostName).\(getpid()).0"
    file = try LineFile(path: "\(directory)/\(name)", appending: true)
    self.now = now
    var event = Message()
    event.double(1, now())
    event.bytes(3, Array("brain.Event:2".utf8))
    try write(event)
  }

  func scalar(_ tag: String, _ value: Double, step: Int) throws {
    var entry = Message()
    entry.bytes(1, Array(tag.utf8))
    entry.float(2, Float(value))
    try write(entry, step: step)
  }

  func text(_ tag: String, _ value: String, step: Int) throws {
    var pluginData = Message()
    pluginData.bytes(1, Array("text".utf8))
    var metadata = Message()
    metadata.message(1, pluginData)
    var size = Message()
    size.varint(1, 1)
    var shape = Message()
    shape.message(2, size)
    var tensor = Message()
    tensor.varint(1, 7)  // DT_STRING
    tensor.message(2, shape)
    tensor.bytes(8, Array(value.utf8))
    var entry = Message()
    entry.bytes(1, Array("\(tag)/text_summary".utf8))
    entry.message(8, tensor)
    entry.message(9, metadata)
    try write(entry, step: step)
  }

  private func write(_ entry: Message, step: Int) throws {
    var summary = Message()
    summary.message(1, entry)
    var event = Message()
    event.double(1, now())
    event.varint(2, UInt64(clamping: step))
    event.message(5, summary)
    try write(event)
  }

  private func write(_ event: Message) throws {
    var record = littleEndian(UInt64(event.bytes.count))
    record += littleEndian(Self.maskedChecksum(record))
    record += event.bytes
    record += littleEndian(Self.maskedChecksum(event.bytes))
    try file.write(record)
  }

  /// The CRC-32C of `bytes`, rotated and shifted as the format wants it.
  static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes { crc = table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8 }
    crc = ~crc
    return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
  }

  /// A protocol buffer that is being written.
  private struct Message {
    var bytes: [UInt8] = []

    private mutating func raw(_ value: UInt64) {
      var value = value
      while value >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
        value >>= 7
      }
      bytes.append(UInt8(value))
    }

    mutating func varint(_ field: UInt64, _ value: UInt64) {
      raw(field << 3)
      raw(value)
    }

    mutating func double(_ field: UInt64, _ value: Double) {
      raw(field << 3 | 1)
      bytes += littleEndian(value.bitPattern)
    }

    mutating func float(_ field: UInt64, _ value: Float) {
      raw(field << 3 | 5)
      bytes += littleEndian(value.bitPattern)
    }

    mutating func bytes(_ field: UInt64, _ value: [UInt8]) {
      raw(field << 3 | 2)
      raw(UInt64(value.count))
      bytes += value
    }

    mutating func message(_ field: UInt64, _ value: Message) { bytes(field, value.bytes) }
  }
}

private func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
