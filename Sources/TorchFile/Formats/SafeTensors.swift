public import OrderedCollections

/// `.safetensors` files: a JSON header and the tensors' bytes behind it.
public enum SafeTensors {
  public typealias Contents = (
    tensors: OrderedDictionary<String, StoredTensor>, metadata: OrderedDictionary<String, String>
  )

  /// The largest header the format allows.
  static let maximumHeader = 100_000_000
  static let metadataName = "__metadata__"

  /// - Returns: the tensors and the metadata in the order of the header.
  /// - Throws: `TorchFileError` unless the tensors' bytes follow each other without gaps up to the end of the file.
  public static func read(
    path: String, limits: TorchFile.Limits = .default
  ) throws(TorchFileError) -> Contents {
    try read(ByteSource(path: path), limits)
  }

  static func read(_ source: ByteSource, _ limits: TorchFile.Limits) throws(TorchFileError) -> Contents {
    let place = Place(path: source.path, entry: "header")
    let budget = Budget(limits, fileSize: source.count)
    var reader = ByteReader(try source.read(0..<min(8, source.count), place), place)
    let length = try reader.size64()
    if length > maximumHeader {
      throw place.error(.limit("bytes", found: length, allowed: maximumHeader), at: 0)
    }
    guard length <= source.count - 8 else {
      throw place.error(.truncated(needed: length, available: source.count - 8), at: 8)
    }
    let start = 8 + length
    var parser = HeaderParser(try source.read(8..<start, place), place, base: 8, budget)
    guard case .object(let members) = try parser.parse() else {
      throw place.malformed("an object", found: "another value", at: 8)
    }
    var contents: Contents = ([:], [:])
    var ranges: [(range: Range<Int>, name: String)] = []
    var entries: [SafeTensorsEntry] = []
    for (name, value) in members {
      if name == metadataName {
        contents.metadata = try metadata(value, place)
        continue
      }
      let entry = try SafeTensorsEntry(name, value, Place(path: source.path, entry: "tensor \(name)"))
      entries.append(entry)
      ranges.append((entry.range, name))
    }
    ranges.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    var end = 0
    for (range, name) in ranges {
      if range.lowerBound != end {
        throw Place(path: source.path, entry: "tensor \(name)").malformed(
          "offset \(end), where the previous tensor ends", found: "\(range.lowerBound)")
      }
      end = range.upperBound
    }
    if end != source.count - start {
      throw place.malformed("\(end) bytes of tensors", found: "\(source.count - start)", at: start)
    }
    for entry in entries {
      let place = Place(path: source.path, entry: "tensor \(entry.name)")
      let bytes = try source.read(start + entry.range.lowerBound..<start + entry.range.upperBound, place)
      contents.tensors[entry.name] = StoredTensor(scalarType: entry.type, shape: entry.shape, bytes: bytes)
    }
    return contents
  }

  private static func metadata(
    _ value: HeaderJSON, _ place: Place
  ) throws(TorchFileError) -> OrderedDictionary<String, String> {
    var metadata: OrderedDictionary<String, String> = [:]
    guard case .object(let members) = value else {
      throw place.malformed("an object under \(metadataName)", found: "another value")
    }
    for (name, value) in members {
      guard case .string(let text) = value else {
        throw place.malformed("a string under \(metadataName).\(name)", found: "another value")
      }
      metadata[name] = text
    }
    return metadata
  }
}

/// One tensor's line in the header.
struct SafeTensorsEntry {
  var name: String
  var type: ScalarType
  var shape: [Int]
  /// Counted from the end of the header.
  var range: Range<Int>

  init(_ name: String, _ value: HeaderJSON, _ place: Place) throws(TorchFileError) {
    guard case .object(let members) = value else {
      throw place.malformed("an object with dtype, shape and data_offsets", found: "another value")
    }
    var (type, shape, offsets): (ScalarType?, [Int]?, [Int]?)
    for (field, value) in members {
      switch (field, value) {
      case ("dtype", .string(let text)):
        type = ScalarType(safeTensorsName: text)
        if type == nil { throw place.error(.unsupported("dtype '\(text.prefix(80))'")) }
      case ("shape", .array(let items)): shape = try Self.integers(items, place)
      case ("data_offsets", .array(let items)): offsets = try Self.integers(items, place)
      default: throw place.malformed("dtype, shape and data_offsets", found: "'\(field.prefix(80))'")
      }
    }
    guard let type, let shape, let offsets else {
      throw place.malformed("dtype, shape and data_offsets", found: "not all of them")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw place.malformed("two data_offsets, the lower one first", found: "\(offsets.prefix(4))")
    }
    guard shape.count <= TensorLayout.maximumRank,
      TensorLayout.byteCount(shape: shape, size: type.size) == offsets[1] - offsets[0]
    else {
      throw place.malformed(
        "the bytes of a \(type) tensor of shape \(shape.prefix(TensorLayout.maximumRank))",
        found: "\(offsets[1] - offsets[0])")
    }
    (self.name, self.type, self.shape, range) = (name, type, shape, offsets[0]..<offsets[1])
  }

  private static func integers(_ items: [HeaderJSON], _ place: Place) throws(TorchFileError) -> [Int] {
    var result: [Int] = []
    for item in items {
      guard case .integer(let value) = item else { throw place.malformed("integers", found: "another value") }
      result.append(value)
    }
    return result
  }
}
