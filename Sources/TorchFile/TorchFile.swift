import OrderedCollections

/// Checkpoint files: names, dtypes, shapes and bytes.
///
/// Reads what `torch.save` wrote, in the zip format (PyTorch 1.6 on) and the one before it, and `.safetensors`; writes the
/// zip format. Reading runs no code of the file: its pickle may ask for tensors, plain containers and a few known record
/// classes, and anything else is an error that names it.
public enum TorchFile {
  /// Reads a checkpoint in whichever format the file is in.
  ///
  /// - Returns: the saved object; for a `.safetensors` file a dictionary of its tensors, with the file's metadata under
  ///   the attribute `__metadata__`.
  /// - Throws: `TorchFileError` for files that cannot be opened, are damaged, or hold what is not read. No file, however
  ///   malformed, costs more than `limits` allow.
  public static func read(path: String, limits: Limits = .default) throws(TorchFileError) -> PickleValue {
    try read(ByteSource(path: path), limits)
  }

  /// Reads a checkpoint from memory; `path` names it in errors.
  static func read(
    bytes: [UInt8], path: String = "memory", limits: Limits = .default
  ) throws(TorchFileError) -> PickleValue {
    try read(ByteSource(bytes: bytes, path: path), limits)
  }

  private static func read(_ source: ByteSource, _ limits: Limits) throws(TorchFileError) -> PickleValue {
    let place = Place(path: source.path)
    let head = try source.read(0..<min(source.count, 512), place)
    switch try FileFormat(head, source.count, place) {
    case .zip: return try ZipCheckpoint.read(source, limits)
    case .legacy: return try LegacyCheckpoint.read(source, limits)
    case .safeTensors:
      let contents = try SafeTensors.read(source, limits)
      var dictionary = PickleDictionary(stateDict: contents.tensors)
      if !contents.metadata.isEmpty {
        var metadata = PickleDictionary()
        for (key, value) in contents.metadata { metadata[key] = .string(value) }
        dictionary.attributes["__metadata__"] = .dictionary(metadata)
      }
      return .dictionary(dictionary)
    }
  }
}

/// The kinds of file that are told apart by their first bytes.
enum FileFormat {
  case zip
  case legacy
  case safeTensors

  init(_ head: [UInt8], _ fileSize: Int, _ place: Place) throws(TorchFileError) {
    func failure(_ found: String) -> TorchFileError { place.error(.unknownFormat(found: found)) }
    if head.isEmpty { throw failure("an empty file") }
    if head.starts(with: [0x50, 0x4b, 3, 4]) || head.starts(with: [0x50, 0x4b, 5, 6]) {
      self = .zip
    } else if head.count > 262 && head[257..<262].elementsEqual("ustar".utf8) {
      throw failure("a tar archive, as PyTorch wrote before version 0.1.10")
    } else if head[0] == 0x80 || head.starts(with: Array("L".utf8)) {
      self = .legacy
    } else if head.count > 8 && head[8] == UInt8(ascii: "{") {
      self = .safeTensors
    } else if head.starts(with: Array("version https://git-lfs".utf8)) {
      throw failure("a pointer of Git LFS; the file itself was not fetched")
    } else if head.starts(with: [0x1f, 0x8b]) {
      throw failure("a gzip file")
    } else if head.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      throw failure("an HDF5 file")
    } else if head.first(where: { $0 > 32 }) == UInt8(ascii: "<") {
      throw failure("a web page")
    } else {
      throw failure("first bytes " + head.prefix(8).map { String($0, radix: 16) }.joined(separator: " "))
    }
  }
}
