extension TorchFile {
  /// Writes a checkpoint in the zip format that every PyTorch from 1.6 on opens, `weights_only` or not.
  ///
  /// Equal values give equal bytes. The file is replaced as a whole or not at all (see `AtomicFile`). Records and default
  /// dictionaries become plain dictionaries; numpy arrays, read as tensors, are written as tensors.
  ///
  /// - Throws: `TorchFileError` for any failing call of the system, and for values the format has no form for.
  public static func write(_ value: PickleValue, to path: String) throws(TorchFileError) {
    let pickle = try PickleWriter(value, path: path)
    do {
      try AtomicFile.write(to: path) { file in try write(pickle, to: file) }
    } catch let error as TorchFileError {
      throw error
    } catch {
      throw TorchFileError(path: path, reason: .unwritable("\(error)"))
    }
  }

  private static func write(_ pickle: PickleWriter, to file: FileWriter) throws(TorchFileError) {
    var zip = ZipWriter(file)
    try zip.add("archive/data.pkl", pickle.bytes)
    try zip.add("archive/byteorder", [UInt8]("little".utf8))
    for (key, tensor) in pickle.storages.enumerated() {
      try zip.add("archive/data/\(key)", tensor.bytes)
    }
    try zip.add("archive/version", [UInt8]("3\n".utf8))
    try zip.add("archive/.data/serialization_id", [UInt8](identity(zip.checksums).utf8))
    try zip.finish()
  }

  /// Forty digits that depend on the content alone.
  private static func identity(_ checksums: [UInt32]) -> String {
    // FNV-1a from two starting points.
    func digits(_ start: UInt64) -> String {
      var hash = start
      for checksum in checksums {
        for byte in littleEndianBytes([checksum]) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      }
      let text = String(hash)
      return String(repeating: "0", count: 20 - text.count) + text
    }
    return digits(0xcbf2_9ce4_8422_2325) + digits(0x9e37_79b9_7f4a_7c15)
  }
}
