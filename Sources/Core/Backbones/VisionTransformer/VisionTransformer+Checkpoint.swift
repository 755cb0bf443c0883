import OrderedCollections
import TorchFile

extension VisionTransformer: PartAdapting, PretrainedAdapting {
  /// mmcls resizes position embeddings of square images whenever a file is loaded.
  public func adaptState(_ state: inout OrderedDictionary<String, StoredTensor>) {
    if config.attention == .packed { resizePositions(&state) }
  }

  /// mmseg does so only with weights to begin with.
  public func adaptPretrained(_ state: inout OrderedDictionary<String, StoredTensor>) {
    if config.attention == .torch { resizePositions(&state) }
  }

  private func resizePositions(_ state: inout OrderedDictionary<String, StoredTensor>) {
    state.resizePositions(
      "pos_embed", to: patches, like: posEmbed, extra: config.extraTokens, mode: config.interpolation)
  }
}
