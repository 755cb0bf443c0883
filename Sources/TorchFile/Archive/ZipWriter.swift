/// Writes a zip file of stored entries as PyTorch lays them out: each entry's bytes begin at a multiple of 64.
///
/// Sizes and offsets beyond 4 GiB go to zip64 fields. The same entries give the same bytes.
struct ZipWriter {
  private let file: FileWriter
  private var directory: [UInt8] = []
  private var count = 0
  /// The checksums of the entries so far, in order.
  private(set) var checksums: [UInt32] = []

  static let alignment = 64

  init(_ file: FileWriter) { self.file = file }

  mutating func add(_ name: String, _ bytes: [UInt8]) throws(TorchFileError) {
    let crc = checksum(bytes)
    let offset = file.position
    let isWide = bytes.count >= 0xffff_ffff
    let isFar = offset >= 0xffff_ffff
    let size = isWide ? 0xffff_ffff : UInt32(bytes.count)
    let label = [UInt8](name.utf8)

    var extra: [UInt8] = []
    if isWide { extra.append(field: 1, bytes.count, bytes.count) }
    let unpadded = offset + 30 + label.count + extra.count + 4
    let padding = (Self.alignment - unpadded % Self.alignment) % Self.alignment
    extra.append(little: UInt16(0x4246))
    extra.append(little: UInt16(padding))
    extra.append(contentsOf: repeatElement(UInt8(ascii: "Z"), count: padding))

    var header: [UInt8] = []
    header.append(little: 0x0403_4b50 as UInt32)
    Self.describe(&header, isWide: isWide, crc: crc, size: size, name: label.count, extra: extra.count)
    try file.write(header + label + extra)
    try file.write(bytes)

    var wide: [UInt8] = []
    switch (isWide, isFar) {
    case (true, true): wide.append(field: 1, bytes.count, bytes.count, offset)
    case (true, false): wide.append(field: 1, bytes.count, bytes.count)
    case (false, true): wide.append(field: 1, offset)
    case (false, false): break
    }
    directory.append(little: 0x0201_4b50 as UInt32)
    directory.append(little: 45 as UInt16)
    Self.describe(
      &directory, isWide: isWide || isFar, crc: crc, size: size, name: label.count, extra: wide.count)
    directory.append(contentsOf: repeatElement(0, count: 10))  // comment, disk, attributes
    directory.append(little: isFar ? 0xffff_ffff : UInt32(offset))
    directory.append(contentsOf: label)
    directory.append(contentsOf: wide)
    count += 1
    checksums.append(crc)
  }

  /// Writes the directory; call once, last.
  func finish() throws(TorchFileError) {
    let offset = file.position
    var end: [UInt8] = []
    let isWide = count >= 0xffff || offset >= 0xffff_ffff || directory.count >= 0xffff_ffff
    if isWide {
      end.append(little: 0x0606_4b50 as UInt32)
      end.append(little: 44 as UInt64)
      end.append(little: 45 as UInt16)
      end.append(little: 45 as UInt16)
      end.append(little: 0 as UInt64)  // disks
      end.append(little: UInt64(count))
      end.append(little: UInt64(count))
      end.append(little: UInt64(directory.count))
      end.append(little: UInt64(offset))
      end.append(little: 0x0706_4b50 as UInt32)
      end.append(little: 0 as UInt32)
      end.append(little: UInt64(offset + directory.count))
      end.append(little: 1 as UInt32)
    }
    end.append(little: 0x0605_4b50 as UInt32)
    end.append(little: 0 as UInt32)  // disks
    end.append(little: UInt16(min(count, 0xffff)))
    end.append(little: UInt16(min(count, 0xffff)))
    end.append(little: UInt32(min(directory.count, 0xffff_ffff)))
    end.append(little: UInt32(min(offset, 0xffff_ffff)))
    end.append(little: 0 as UInt16)  // comment
    try file.write(directory)
    try file.write(end)
  }

  /// The fields that an entry's header and its line in the directory share.
  private static func describe(
    _ bytes: inout [UInt8], isWide: Bool, crc: UInt32, size: UInt32, name: Int, extra: Int
  ) {
    bytes.append(little: (isWide ? 45 : 20) as UInt16)
    bytes.append(little: 0x800 as UInt16)  // the name is UTF-8
    bytes.append(little: 0 as UInt16)  // stored
    bytes.append(little: 0x0021_0000 as UInt32)  // 1980-01-01 00:00
    bytes.append(little: crc)
    bytes.append(little: size)
    bytes.append(little: size)
    bytes.append(little: UInt16(name))
    bytes.append(little: UInt16(extra))
  }
}

extension [UInt8] {
  mutating func append<T: FixedWidthInteger>(little value: T) {
    for shift in Swift.stride(from: 0, to: T.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: value >> T(truncatingIfNeeded: shift)))
    }
  }

  /// Appends a zip extra field of 64-bit values.
  fileprivate mutating func append(field tag: UInt16, _ values: Int...) {
    append(little: tag)
    append(little: UInt16(8 * values.count))
    for value in values { append(little: UInt64(value)) }
  }
}
