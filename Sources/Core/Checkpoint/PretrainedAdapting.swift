import OrderedCollections
import TorchFile

/// A module that revises its own part of a state dict.
public protocol PartAdapting: StateAdapting {
  /// Renames, adds or replaces entries, whose keys begin at this module.
  func adaptState(_ state: inout OrderedDictionary<String, StoredTensor>)
}

extension PartAdapting {
  public func adapt(_ stored: inout OrderedDictionary<String, StoredTensor>, prefix: String) {
    if prefix.isEmpty { return adaptState(&stored) }
    var part: OrderedDictionary<String, StoredTensor> = [:]
    for (key, value) in stored where key.hasPrefix(prefix) { part[String(key.dropFirst(prefix.count))] = value }
    adaptState(&part)
    stored.removeAll { key, _ in key.hasPrefix(prefix) }
    for (key, value) in part { stored[prefix + key] = value }
  }
}

/// A module that takes files of others as weights to begin with.
///
/// What `init_weights` does in the original suites with `init_cfg=dict(type='Pretrained', ...)`: it works on that file only.
public protocol PretrainedAdapting: Module {
  /// Revises what the file holds.
  func adaptPretrained(_ state: inout OrderedDictionary<String, StoredTensor>)
}

extension Module {
  /// Loads the file that a `Pretrained` rule names.
  ///
  /// - Parameter prefix: takes only keys below this one, without it; modules that revise such files themselves do not
  ///   look at it, as in the original.
  /// - Throws: `CheckpointError`, `TorchFileError`.
  @discardableResult
  public func loadPretrained(_ path: String, prefix: String? = nil) throws -> LoadReport {
    guard let adapting = self as? any PretrainedAdapting else { return try loadCheckpoint(path, prefix: prefix) }
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
