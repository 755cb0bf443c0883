/// The directory of a zip file, checked as a whole: every entry lies inside the file and apart from the others.
struct ZipArchive {
  struct Entry {
    var name: String
    var isDeflated: Bool
    var crc: UInt32
    var storedSize: Int
    var size: Int
    var headerOffset: Int
    /// Where the entry's bytes begin.
    var dataOffset = 0
  }

  let source: ByteSource
  let place: Place
  private(set) var entries: [Entry] = []
  private(set) var indices: [String: Int] = [:]

  /// - Throws: `TorchFileError` for anything but a complete, single-disk, unencrypted archive.
  init(_ source: ByteSource, _ budget: Budget) throws(TorchFileError) {
    self.source = source
    place = Place(path: source.path)
    let directory = try ZipEnd(source, place)
    try readDirectory(directory, budget)
    try locateData(before: directory.offset)
  }

  subscript(name: String) -> Entry? { indices[name].map { entries[$0] } }

  private mutating func readDirectory(_ end: ZipEnd, _ budget: Budget) throws(TorchFileError) {
    let bytes = try source.read(end.offset..<end.offset + end.size, place)
    let directory = place.entry("zip directory")
    try budget.chargeNodes(end.count, directory)
    var reader = ByteReader(bytes, directory, base: end.offset)
    for _ in 0..<end.count {
      let start = end.offset + reader.position
      let signature = try reader.integer(UInt32.self)
      if signature != 0x0201_4b50 {
        throw directory.malformed("a directory entry", found: "signature \(signature)", at: start)
      }
      reader.position += 4  // versions
      let flags = try reader.integer(UInt16.self)
      let method = try reader.integer(UInt16.self)
      reader.position += 4  // time and date
      let crc = try reader.integer(UInt32.self)
      let storedSize = try reader.integer(UInt32.self)
      let size = try reader.integer(UInt32.self)
      let nameLength = Int(try reader.integer(UInt16.self))
      let extraLength = Int(try reader.integer(UInt16.self))
      let commentLength = Int(try reader.integer(UInt16.self))
      let disk = try reader.integer(UInt16.self)
      reader.position += 6  // attributes
      let headerOffset = try reader.integer(UInt32.self)
      let name = try Self.checkedName(try reader.take(nameLength), directory, start)
      let extra = try reader.take(extraLength)
      _ = try reader.take(commentLength)

      let own = place.entry(name)
      if flags & 1 != 0 { throw own.error(.unsupported("an encrypted entry"), at: start) }
      if method != 0 && method != 8 {
        throw own.error(.unsupported("compression method \(method)"), at: start)
      }
      if disk != 0 && disk != 0xffff {
        throw own.error(.unsupported("an archive over several disks"), at: start)
      }
      let wide = ZipWideFields(extra, own, start)
      let wideSize = size == .max ? 1 : 0
      let entry = Entry(
        name: name, isDeflated: method == 8, crc: crc,
        storedSize: try wide.value(storedSize, before: wideSize),
        size: try wide.value(size, before: 0),
        headerOffset: try wide.value(headerOffset, before: wideSize + (storedSize == .max ? 1 : 0)))
      if method == 0 && entry.size != entry.storedSize {
        throw own.malformed("\(entry.size) stored bytes", found: "\(entry.storedSize)", at: start)
      }
      if name.hasSuffix("/") && entry.size == 0 { continue }
      if indices.updateValue(entries.count, forKey: name) != nil {
        throw own.malformed("one entry of this name", found: "a second one", at: start)
      }
      entries.append(entry)
    }
    if reader.left != 0 {
      throw directory.malformed(
        "\(end.count) entries to fill the directory", found: "\(reader.left) bytes more",
        at: end.offset + reader.position)
    }
  }

  /// Reads the header before each entry's bytes and makes sure that no two entries share bytes.
  private mutating func locateData(before directory: Int) throws(TorchFileError) {
    var end = 0
    for index in entries.indices.sorted(by: { entries[$0].headerOffset < entries[$1].headerOffset }) {
      let entry = entries[index]
      let own = place.entry(entry.name)
      let start = entry.headerOffset
      guard start <= directory, directory - start >= 30 else {
        throw own.malformed("a header before byte \(directory)", found: "one at \(start)", at: start)
      }
      if start < end {
        throw own.malformed(
          "a header behind the previous entry's end, byte \(end)", found: "byte \(start)", at: start)
      }
      var reader = ByteReader(try source.read(start..<start + 30, own), own, base: start)
      let signature = try reader.integer(UInt32.self)
      if signature != 0x0403_4b50 {
        throw own.malformed("an entry header", found: "signature \(signature)", at: start)
      }
      reader.position = 6
      let flags = try reader.integer(UInt16.self)
      let method = try reader.integer(UInt16.self)
      reader.position = 18
      let storedSize = try reader.integer(UInt32.self)
      let size = try reader.integer(UInt32.self)
      let nameLength = Int(try reader.integer(UInt16.self))
      let extraLength = Int(try reader.integer(UInt16.self))
      let available = directory - start - 30 - nameLength - extraLength
      guard entry.storedSize <= available else {
        throw own.error(.truncated(needed: entry.storedSize, available: max(0, available)), at: start + 30)
      }
      let name = try source.read(start + 30..<start + 30 + nameLength, own)
      if !name.elementsEqual(entry.name.utf8) || (method == 8) != entry.isDeflated || flags & 1 != 0 {
        throw own.malformed("the same entry as in the directory", found: "another header", at: start)
      }
      // With bit 3 the sizes follow the data instead; 0xffffffff says they are in the extra field.
      let isStreamed = flags & 8 != 0
      func agrees(_ narrow: UInt32, _ wide: Int) -> Bool {
        isStreamed || narrow == .max || Int(narrow) == wide
      }
      if !agrees(storedSize, entry.storedSize) || !agrees(size, entry.size) {
        throw own.malformed(
          "sizes \(entry.storedSize) and \(entry.size) as in the directory",
          found: "\(storedSize) and \(size)",
          at: start)
      }
      entries[index].dataOffset = start + 30 + nameLength + extraLength
      end = entries[index].dataOffset + entry.storedSize
    }
  }

  private static func checkedName(
    _ bytes: ArraySlice<UInt8>, _ place: Place, _ offset: Int
  ) throws(TorchFileError) -> String {
    guard let name = String(validating: bytes, as: UTF8.self), !bytes.contains(0), !bytes.isEmpty else {
      throw place.malformed("an entry name in UTF-8", found: "\(bytes.count) other bytes", at: offset)
    }
    let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    if name.hasPrefix("/") || name.contains("\\") || parts.contains(where: { $0.elementsEqual("..".utf8) }) {
      throw place.malformed("an entry name inside the archive", found: "'\(name)'", at: offset)
    }
    return name
  }
}
