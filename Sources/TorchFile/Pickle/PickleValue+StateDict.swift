public import OrderedCollections

extension TorchFile {
  /// The named tensors of a checkpoint, in the file's order.
  ///
  /// As in mmcv, they are the dictionary under `state_dict` if there is one, else the checkpoint itself; where that holds
  /// no tensor, the one under `model`, as the authors of Swin and PVT have it. Entries that are no tensors (an
  /// `_extra_state`, say) are left out.
  ///
  /// - Returns: `nil` if there is no dictionary or it holds no tensor though it holds something.
  public static func stateDict(in checkpoint: PickleValue) -> OrderedDictionary<String, StoredTensor>? {
    guard let whole = checkpoint.dictionary else { return nil }
    var chosen = whole["state_dict"]?.dictionary ?? whole
    if let model = chosen["model"]?.dictionary, !chosen.entries.contains(where: { $1.tensor != nil }) {
      chosen = model
    }
    var tensors = OrderedDictionary<String, StoredTensor>(minimumCapacity: chosen.count)
    for (key, value) in chosen.entries {
      if let name = key.string, let tensor = value.tensor { tensors[name] = tensor }
    }
    return tensors.isEmpty && !chosen.isEmpty ? nil : tensors
  }
}
