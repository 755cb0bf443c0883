/// The format of PyTorch 1.6 and later: a zip file of `<name>/data.pkl` and a storage each in `<name>/data/<key>`.
enum ZipCheckpoint {
  static func read(_ source: ByteSource, _ limits: TorchFile.Limits) throws(TorchFileError) -> PickleValue {
    let budget = Budget(limits, fileSize: source.count)
    let archive = try ZipArchive(source, budget)
    let place = Place(path: source.path)
    let candidates = archive.entries.filter { entry in
      entry.name.hasSuffix("/data.pkl") && entry.name.utf8.count { $0 == UInt8(ascii: "/") } == 1
    }
    guard let program = candidates.first, candidates.count == 1 else {
      throw place.malformed("one entry <name>/data.pkl", found: "\(candidates.count)")
    }
    let folder = String(program.name.dropLast("data.pkl".count))
    if archive[folder + "constants.pkl"] != nil {
      throw place.error(.unsupported("a TorchScript program"))
    }
    let storages = try ZipStorages(archive, folder, budget)
    var machine = PickleMachine(
      ByteReader(try archive.content(program, budget), place.entry(program.name)), budget)
    let root = try machine.run()
    try storages.expect(machine.storages)
    var resolver = PickleResolver(machine, storages)
    return try resolver.value(root)
  }
}

/// The storages of a zip checkpoint, each read when it is first needed.
private final class ZipStorages: StorageProvider {
  let isBigEndian: Bool
  private let archive: ZipArchive
  private let folder: String
  private let budget: Budget
  private var loaded: [String: [UInt8]] = [:]

  init(_ archive: ZipArchive, _ folder: String, _ budget: Budget) throws(TorchFileError) {
    (self.archive, self.folder, self.budget) = (archive, folder, budget)
    guard let order = archive[folder + "byteorder"] else {
      isBigEndian = false
      return
    }
    let place = Place(path: archive.source.path, entry: order.name)
    if order.size > 16 { throw place.malformed("'little' or 'big'", found: "\(order.size) bytes") }
    let text = String(decoding: try archive.content(order, budget), as: UTF8.self)
    switch text {
    case "little": isBigEndian = false
    case "big": isBigEndian = true
    default: throw place.malformed("'little' or 'big'", found: "'\(text)'")
    }
  }

  /// Checks that the archive has every storage, as large as the pickle says.
  func expect(_ claims: [String: (elementSize: Int, count: Int)]) throws(TorchFileError) {
    for (key, claim) in claims.sorted(by: { $0.key < $1.key }) {
      let bytes = claim.count * claim.elementSize
      let size = try entry(key, isEmpty: bytes == 0)?.size ?? 0
      if size != bytes {
        let place = Place(path: archive.source.path, entry: "\(folder)data/\(key)")
        throw place.malformed("\(bytes) bytes as the pickle states", found: "\(size)")
      }
    }
  }

  private func entry(_ key: String, isEmpty: Bool) throws(TorchFileError) -> ZipArchive.Entry? {
    if let entry = archive["\(folder)data/\(key)"] { return entry }
    if isEmpty { return nil }
    throw Place(path: archive.source.path).malformed("an entry \(folder)data/\(key)", found: "none")
  }

  func bytes(forKey key: String) throws(TorchFileError) -> [UInt8] {
    if let bytes = loaded[key] { return bytes }
    guard let entry = try entry(key, isEmpty: false) else { return [] }
    let bytes = try archive.content(entry, budget)
    loaded[key] = bytes
    return bytes
  }
}
