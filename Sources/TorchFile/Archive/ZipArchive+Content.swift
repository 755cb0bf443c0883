import CZlib

extension ZipArchive {
  /// The bytes of an entry, unpacked, with their checksum verified.
  ///
  /// A stored entry whose checksum is given as 0 is taken as it is: PyTorch writes that when told not to compute them.
  func content(_ entry: Entry, _ budget: Budget) throws(TorchFileError) -> [UInt8] {
    let own = place.entry(entry.name)
    let stored = try source.read(entry.dataOffset..<entry.dataOffset + entry.storedSize, own)
    let bytes = entry.isDeflated ? try Self.inflate(stored, to: entry.size, own, budget) : stored
    if entry.crc != 0 || entry.isDeflated {
      let found = checksum(bytes)
      if found != entry.crc { throw own.error(.checksum(expected: entry.crc, found: found)) }
    }
    return bytes
  }

  private static func inflate(
    _ stored: [UInt8], to size: Int, _ place: Place, _ budget: Budget
  ) throws(TorchFileError) -> [UInt8] {
    // No deflate stream unpacks to more than 1032 times its length.
    if size / 1032 > stored.count {
      throw place.malformed("at most 1032 bytes from each packed one", found: "\(size) from \(stored.count)")
    }
    try budget.chargeInflated(size, place)
    var stream = z_stream()
    let started = inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    if started != Z_OK { throw place.error(.unsupported("deflate data (zlib says \(started))")) }
    defer { inflateEnd(&stream) }
    var status = Z_OK
    let bytes = stored.withUnsafeBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: size) { output, filled in
        var taken = 0
        filled = 0
        while status == Z_OK {
          let given = min(input.count - taken, 1 << 30)
          let room = min(size - filled, 1 << 30)
          stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.advanced(by: taken))
          stream.avail_in = uInt(given)
          stream.next_out = output.baseAddress?.advanced(by: filled)
          stream.avail_out = uInt(room)
          status = CZlib.inflate(&stream, Z_NO_FLUSH)
          taken += given - Int(stream.avail_in)
          filled += room - Int(stream.avail_out)
        }
      }
    }
    if status != Z_STREAM_END || bytes.count != size {
      throw place.malformed(
        "deflate data of \(size) bytes", found: "\(bytes.count) bytes and zlib's code \(status)")
    }
    return bytes
  }
}

/// The CRC-32 that zip files use.
func checksum(_ bytes: [UInt8]) -> UInt32 {
  bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count)) }
}
