import OrderedCollections
import TorchFile

/// A module that understands state dicts which do not quite fit it: of its earlier versions, or of other layers.
public protocol StateAdapting: Module {
  /// Renames, adds or replaces entries before they are matched with the module's own.
  ///
  /// - Parameter prefix: what the module's keys begin with, its last dot included.
  func adapt(_ stored: inout OrderedDictionary<String, StoredTensor>, prefix: String)
}
