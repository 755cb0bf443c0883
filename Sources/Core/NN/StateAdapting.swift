import OrderedCollections
import TorchFile

/// A module that understands state dicts which do not quite fit it: of its earlier versions, or of other layers.
public protocol StateAdapting: Module {
  /// Renames, adds or replaces entries before they are matched with the module's own.
  ///
  /// - Parameter prefix: what the module's keys begin with, its last dot included.
  func adapt(_ stored: inout OrderedDictionary<String, StoredTensor>, prefix: String)
}

/// A module that revises its own part of a state dict.
public protocol PartAdapting: StateAdapting {
  /// Renames, adds or replaces entries, whose keys begin at this module.
  func adaptState(_ state: inout OrderedDictionary<String, StoredTensor>)
}

extension PartAdapting {
  public func adapt(_ stored: inout OrderedDictionary<String, StoredTensor>, prefix: String) {
    if prefix.isEmpty { return adaptState(&stored) }
    var part: OrderedDictionary<String, StoredTensor> = [:]
    for (key, value) in stored where key.hasPrefix(prefix) {
      part[String(key.dropFirst(prefix.count))] = value
    }
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
