extension TorchFile {
  /// Reads a file that is one bare pickle, as Python's `pickle.dump` writes it: data sets come so.
  ///
  /// The same machine as for checkpoints reads it: plain containers and numpy arrays, nothing is ever called.
  public static func readPickle(path: String, limits: Limits = .default) throws(TorchFileError) -> PickleValue
  {
    let source = try ByteSource(path: path)
    let budget = Budget(limits, fileSize: source.count)
    let place = Place(path: path)
    var machine = PickleMachine(ByteReader(try source.read(0..<source.count, place), place), budget)
    let root = try machine.run()
    var resolver = PickleResolver(machine, NoStorages(place: place))
    return try resolver.value(root)
  }
}

/// A bare pickle has no storages of PyTorch beside it.
private final class NoStorages: StorageProvider {
  let isBigEndian = false
  private let place: Place

  init(place: Place) { self.place = place }

  func bytes(forKey key: String) throws(TorchFileError) -> [UInt8] {
    throw place.malformed("no storages of PyTorch in a bare pickle", found: "storage '\(key)'")
  }
}
