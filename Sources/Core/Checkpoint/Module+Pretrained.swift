import OrderedCollections
import TorchFile

extension Module {
  /// Loads the file that a `Pretrained` rule names.
  ///
  /// - Parameter prefix: takes only keys below this one, without it; modules that revise such files themselves do not
  ///   look at it, as in the original.
  /// - Throws: `CheckpointError`, `TorchFileError`.
  @discardableResult
  public func loadPretrained(_ path: String, prefix: String? = nil) throws -> LoadReport {
    guard let adapting = self as? any PretrainedAdapting else {
      return try loadCheckpoint(path, prefix: prefix)
    }
    var checkpoint = try Checkpoint(path: path)
    adapting.adaptPretrained(&checkpoint.state)
    do {
      return try load(checkpoint.state, revisions: [.withoutModule])
    } catch let error as LoadError {
      throw CheckpointError(path: path, error.text)
    }
  }
}

extension OrderedDictionary where Key == String, Value == StoredTensor {
  /// Replaces a tensor by what `change` makes of it, if it is there and of floating-point numbers.
  mutating func change(_ key: String, _ change: (Tensor) -> Tensor?) {
    guard let stored = self[key], let tensor = Tensor(stored, as: .float32) else { return }
    if let changed = withoutGradient({ change(tensor) }) { self[key] = StoredTensor(changed) }
  }

  /// The same tensors under other keys; those for which `rename` gives `nil` go.
  mutating func renameKeys(_ rename: (String) -> String?) {
    var renamed: Self = [:]
    for (key, value) in self {
      if let key = rename(key) { renamed[key] = value }
    }
    self = renamed
  }
}
