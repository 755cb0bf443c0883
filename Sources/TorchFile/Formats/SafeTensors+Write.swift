public import OrderedCollections

extension SafeTensors {
  /// Writes tensors, those of wider elements first and otherwise in the order given, so that each is aligned.
  ///
  /// The file is replaced as a whole or not at all (see `AtomicFile`). Equal arguments give equal bytes.
  ///
  /// - Throws: `TorchFileError` for any failing call of the system, and for a tensor named `__metadata__`.
  public static func write(
    _ tensors: OrderedDictionary<String, StoredTensor>, metadata: OrderedDictionary<String, String> = [:],
    to path: String
  ) throws(TorchFileError) {
    if tensors[metadataName] != nil {
      throw TorchFileError(path: path, reason: .unwritable("a tensor named \(metadataName)"))
    }
    // Sorting indices too keeps the order of equal sizes.
    let order = tensors.values.indices.sorted { a, b in
      (-tensors.values[a].scalarType.size, a) < (-tensors.values[b].scalarType.size, b)
    }
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"\(metadataName)\":{\(pairs.joined(separator: ","))}")
    }
    var end = 0
    for index in order {
      let (name, tensor) = tensors.elements[index]
      let start = end
      end += tensor.bytes.count
      members.append(
        "\(quoted(name)):{\"dtype\":\"\(tensor.scalarType.safeTensorsName)\",\"shape\":"
          + "[\(tensor.shape.map(String.init).joined(separator: ","))],\"data_offsets\":[\(start),\(end)]}")
    }
    var header = [UInt8]("{\(members.joined(separator: ","))}".utf8)
    while header.count % 8 != 0 { header.append(0x20) }
    if header.count > maximumHeader {
      throw TorchFileError(path: path, reason: .unwritable("a header of \(header.count) bytes"))
    }
    do {
      try AtomicFile.write(to: path) { file in
        try file.write(littleEndianBytes([UInt64(header.count)]))
        try file.write(header)
        for index in order { try file.write(tensors.values[index].bytes) }
      }
    } catch let error as TorchFileError {
      throw error
    } catch {
      throw TorchFileError(path: path, reason: .unwritable("\(error)"))
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
