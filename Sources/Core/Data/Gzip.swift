import CZlib

/// Data sets that come compressed.
public enum Gzip {
  /// The contents of a gzip file, or of a zlib stream, in memory.
  ///
  /// - Parameters:
  ///   - limit: more bytes than this are an error, not an allocation.
  ///   - file: the name for messages.
  /// - Throws: `DataError` for anything but one complete stream.
  public static func decompress(_ bytes: [UInt8], limit: Int = 1 << 32, file: String) throws -> [UInt8] {
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw DataError("zlib cannot start", file: file)
    }
    defer { inflateEnd(&stream) }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    var input = bytes
    let status: Int32 = try input.withUnsafeMutableBufferPointer { source in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(clamping: source.count)
      var status = Z_OK
      while status == Z_OK {
        let produced = chunk.withUnsafeMutableBufferPointer { target in
          stream.next_out = target.baseAddress
          stream.avail_out = UInt32(target.count)
          status = inflate(&stream, Z_NO_FLUSH)
          return target.count - Int(stream.avail_out)
        }
        guard output.count + produced <= limit else {
          throw DataError("must not unpack to more than \(limit) bytes", file: file)
        }
        output.append(contentsOf: chunk[..<produced])
        if produced == 0 && status == Z_OK { break }
      }
      return status
    }
    guard status == Z_STREAM_END else {
      throw DataError(
        "must be a complete gzip file; it is damaged or cut off after \(output.count) bytes", file: file)
    }
    return output
  }
}
