/// The record at the end of a zip file that says where the directory is.
struct ZipEnd {
  var offset: Int
  var size: Int
  var count: Int

  init(_ source: ByteSource, _ place: Place) throws(TorchFileError) {
    let record = 22
    let tailStart = max(0, source.count - record - 0xffff)
    let tail = try source.read(tailStart..<source.count, place)
    var found: Int?
    var at = tail.count - record
    while at >= 0 {
      // The comment that follows must reach exactly to the end of the file.
      if tail[at] == 0x50, tail[at + 1] == 0x4b, tail[at + 2] == 5, tail[at + 3] == 6,
        Int(tail[at + 20]) | Int(tail[at + 21]) << 8 == tail.count - at - record
      {
        found = at
        break
      }
      at -= 1
    }
    guard let found else {
      throw place.malformed(
        "a zip directory at the end; the file may be cut short", found: "none", at: source.count)
    }
    let end = tailStart + found
    var reader = ByteReader(tail, place, position: found + 4, base: tailStart)
    let disk = try reader.integer(UInt16.self)
    let startDisk = try reader.integer(UInt16.self)
    let countHere = try reader.integer(UInt16.self)
    let count = try reader.integer(UInt16.self)
    let size = try reader.integer(UInt32.self)
    let offset = try reader.integer(UInt32.self)
    (self.count, self.size, self.offset) = (Int(count), Int(size), Int(offset))

    var limit = end
    if end >= 20, let wide = try Self.wide(source, place, locator: end - 20) {
      limit = wide.position
      func merged(_ narrow: Int, _ placeholder: Int, _ value: Int, _ what: String) throws(TorchFileError)
        -> Int
      {
        if narrow != placeholder && narrow != value {
          throw place.malformed(
            "the same \(what) in both end records", found: "\(narrow) and \(value)", at: end)
        }
        return value
      }
      self.count = try merged(self.count, 0xffff, wide.count, "entry count")
      self.size = try merged(self.size, 0xffff_ffff, wide.size, "directory size")
      self.offset = try merged(self.offset, 0xffff_ffff, wide.offset, "directory offset")
    } else if disk != 0 || startDisk != 0 || countHere != count {
      throw place.error(.unsupported("an archive over several disks"), at: end)
    }
    guard self.offset <= limit, self.size <= limit - self.offset else {
      throw place.malformed(
        "a directory before byte \(limit)", found: "\(self.size) bytes at \(self.offset)", at: end)
    }
    guard self.count <= self.size / 46 else {
      throw place.malformed(
        "at most \(self.size / 46) entries in a directory of \(self.size) bytes", found: "\(self.count)",
        at: end)
    }
  }

  private typealias Wide = (position: Int, offset: Int, size: Int, count: Int)

  private static func wide(_ source: ByteSource, _ place: Place, locator: Int) throws(TorchFileError) -> Wide?
  {
    var reader = ByteReader(try source.read(locator..<locator + 20, place), place, base: locator)
    guard try reader.integer(UInt32.self) == 0x0706_4b50 else { return nil }
    reader.position += 4
    let position = try reader.size64()
    guard position <= locator, locator - position >= 56 else {
      throw place.malformed(
        "a zip64 end record before byte \(locator)", found: "one at \(position)", at: locator)
    }
    reader = ByteReader(try source.read(position..<position + 56, place), place, base: position)
    guard try reader.integer(UInt32.self) == 0x0606_4b50 else {
      throw place.malformed("a zip64 end record", found: "other bytes", at: position)
    }
    reader.position = 16
    let disks = try reader.integer(UInt64.self)
    let here = try reader.size64()
    let count = try reader.size64()
    if disks != 0 || here != count {
      throw place.error(.unsupported("an archive over several disks"), at: position)
    }
    let size = try reader.size64()
    return (position, try reader.size64(), size, count)
  }
}

/// The 64-bit sizes of an entry, for the fields whose 32-bit form says 0xffffffff.
struct ZipWideFields {
  private var sizes: [Int?] = []
  private let place: Place
  private let at: Int

  /// - Parameter extra: the entry's extra fields: a 2-byte tag, a 2-byte length and content, each.
  init(_ extra: ArraySlice<UInt8>, _ place: Place, _ offset: Int) {
    (self.place, at) = (place, offset)
    var reader = ByteReader([UInt8](extra), place, base: offset)
    while reader.left >= 4 {
      guard let tag = try? reader.integer(UInt16.self), let length = try? reader.integer(UInt16.self),
        let content = try? reader.take(Int(length))
      else { return }
      guard tag == 1 else { continue }
      var field = ByteReader([UInt8](content), place, base: offset)
      while let value = try? field.integer(UInt64.self) { sizes.append(Int(exactly: value)) }
      return
    }
  }

  /// A field's value; `before` counts the wide fields that stand ahead of it.
  ///
  /// The order is size, stored size, header offset.
  func value(_ narrow: UInt32, before: Int) throws(TorchFileError) -> Int {
    guard narrow == .max else { return Int(narrow) }
    guard before < sizes.count, let value = sizes[before] else {
      throw place.malformed("a 64-bit size in the extra field", found: "none below 2^63", at: at)
    }
    return value
  }
}
