/// The format before PyTorch 1.6: pickles of a magic number, a version, facts about the machine, the saved object and the
/// storages' keys, one after the other; then, for each key, the number of elements in eight bytes and the elements.
enum LegacyCheckpoint {
  /// 0x1950a86a20f9469cfc6c, least significant byte first.
  private static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
  private static let version = 1001

  static func read(_ source: ByteSource, _ limits: TorchFile.Limits) throws(TorchFileError) -> PickleValue {
    // The pickles come first and are small beside the storages, but nothing tells how long they are: read a part of the file, and
    // a larger one if they do not end in it.
    var window = source.resident == nil ? min(source.count, 1 << 20) : source.count
    while true {
      let bytes = try source.read(0..<window, Place(path: source.path))
      do throws(TorchFileError) {
        return try read(source, bytes, Budget(limits, fileSize: source.count))
      } catch {
        guard case .truncated = error.reason, window < source.count else { throw error }
        window = min(source.count, window * 8)
      }
    }
  }

  private static func read(
    _ source: ByteSource, _ bytes: [UInt8], _ budget: Budget
  ) throws(TorchFileError) -> PickleValue {
    var machine = PickleMachine(ByteReader(bytes, Place(path: source.path)), budget)
    guard case .big(let number) = try machine.run(), number == magic else {
      throw Place(path: source.path).error(.unknownFormat(found: "a pickle that is no checkpoint of PyTorch"))
    }
    guard case .int(version) = try machine.run() else {
      throw Place(path: source.path).error(.unknownFormat(found: "another version than \(version)"))
    }
    _ = try machine.run()
    machine.memo = PickleMemo()
    let root = try machine.run()
    machine.memo = PickleMemo()
    let list = try machine.run()
    let keys = try machine.keys(list)
    let storages = try LegacyStorages(source, keys, machine.storages, start: machine.reader.position)
    var resolver = PickleResolver(machine, storages)
    return try resolver.value(root)
  }
}

extension PickleMachine {
  /// The keys of storages in the order of their content.
  fileprivate func keys(_ item: PickleItem) throws(TorchFileError) -> [String] {
    guard case .node(let index) = item, case .list(let items) = nodes[index] else {
      throw malformed("a list of storage keys", describe(item))
    }
    var keys: [String] = []
    for item in items {
      if case .int(let number) = item {
        keys.append("\(number)")
      } else {
        keys.append(try text(item, "a key"))
      }
    }
    return keys
  }
}

private final class LegacyStorages: StorageProvider {
  let isBigEndian = false
  private let source: ByteSource
  private var ranges: [String: Range<Int>] = [:]
  private var loaded: [String: [UInt8]] = [:]

  init(
    _ source: ByteSource, _ keys: [String], _ claims: [String: (elementSize: Int, count: Int)], start: Int
  ) throws(TorchFileError) {
    self.source = source
    var position = start
    for key in keys {
      let place = Place(path: source.path, entry: "storage \(key.prefix(80))")
      guard let claim = claims[key] else {
        throw place.malformed("a storage that a tensor uses", found: "none")
      }
      if ranges[key] != nil {
        throw place.malformed("one storage of this key", found: "a second one", at: position)
      }
      var reader = ByteReader(
        try source.read(position..<position + min(8, source.count - position), place), place, base: position)
      let count = try reader.size64()
      if count != claim.count {
        throw place.malformed("\(claim.count) elements as the pickle states", found: "\(count)", at: position)
      }
      position += 8
      let bytes = count * claim.elementSize
      guard bytes <= source.count - position else {
        throw place.error(.truncated(needed: bytes, available: source.count - position), at: position)
      }
      ranges[key] = position..<position + bytes
      position += bytes
    }
  }

  func bytes(forKey key: String) throws(TorchFileError) -> [UInt8] {
    if let bytes = loaded[key] { return bytes }
    let place = Place(path: source.path, entry: "storage \(key.prefix(80))")
    guard let range = ranges[key] else { throw place.malformed("the storage's content", found: "none") }
    let bytes = try source.read(range, place)
    loaded[key] = bytes
    return bytes
  }
}
