import Foundation
import OrderedCollections
import TorchFile

extension SwinTransformer: PartAdapting, PretrainedAdapting {
  private typealias State = OrderedDictionary<String, StoredTensor>

  /// mmcls adapts every file: keys of its older versions, and embeddings and tables for images of another size.
  public func adaptState(_ state: inout OrderedDictionary<String, StoredTensor>) {
    guard config.freezing == .upTo else { return }
    state.renameKeys { key in
      if key.contains("attn_mask") { return nil }
      return key.hasPrefix("norm.") ? "norm\(config.depths.count - 1)." + key.dropFirst("norm.".count) : key
    }
    if let absolutePosEmbed {
      state.resizePositions(
        "absolute_pos_embed", to: patches, like: absolutePosEmbed, mode: config.interpolation)
    }
    resizeTables(&state) { PositionResampling.geometric($0, source: $1, target: $2) }
  }

  /// mmdet and mmseg adapt weights to begin with, and mmdet those of the authors.
  public func adaptPretrained(_ state: inout OrderedDictionary<String, StoredTensor>) {
    guard config.freezing == .before else { return }
    if config.convertsWeights {
      convert(&state)
    } else {
      state.renameKeys { key in
        key.hasPrefix("backbone.")
          ? String(key.dropFirst("backbone.".count)) : config.dropsForeignKeys ? nil : key
      }
    }
    state.renameKeys { $0.hasPrefix("module.") ? String($0.dropFirst("module.".count)) : $0 }
    if let absolutePosEmbed, config.absolutePosition == .map {
      state.change("absolute_pos_embed") { embedding in
        let expected = absolutePosEmbed.shape
        guard embedding.shape == [1, expected[2] * expected[3], expected[1]] else { return nil }
        return embedding.tokensAsMap(Pair(h: expected[2], w: expected[3])).contiguous()
      }
    }
    resizeTables(&state) { table, source, target in
      let map = table.transposed(0, 1).reshaped([1, table.shape[1], source, source])
      return map.interpolate(size: Pair(target), mode: .bicubic)
        .contiguous().reshaped([table.shape[1], target * target]).transposed(0, 1).contiguous()
    }
  }

  /// The map for which the position embedding is made.
  private var patches: Pair {
    Pair(h: config.imageSize.h / config.strides[0], w: config.imageSize.w / config.strides[0])
  }

  /// Tables of position biases for windows of another size.
  private func resizeTables(_ state: inout State, _ resize: (Tensor, _ source: Int, _ target: Int) -> Tensor?)
  {
    let own = self.state
    for key in state.keys where key.contains("relative_position_bias_table") {
      guard let expected = own[key]?.value.shape else { continue }
      var wasResized = false
      state.change(key) { table in
        guard table.rank == 2, table.shape[0] != expected[0], table.shape[1] == expected[1] else {
          return nil
        }
        let source = Int(Double(table.shape[0]).squareRoot())
        let target = Int(Double(expected[0]).squareRoot())
        guard source > 0, source * source == table.shape[0] else { return nil }
        let resized = resize(table, source, target)
        wasResized = resized != nil
        return resized
      }
      // The indices that belong to the old table.
      if wasResized { state.removeValue(forKey: key.replacingOccurrences(of: "bias_table", with: "index")) }
    }
  }

  /// From the authors' keys, and their order of a merging layer's channels, which has pixels outermost.
  private func convert(_ state: inout State) {
    for key in state.keys where key.hasPrefix("layers") && key.contains("downsample") {
      state.change(key) { tensor in
        guard let width = tensor.shape.last, width % 4 == 0 else { return nil }
        let rows = key.contains("reduction.") && tensor.rank == 2 ? tensor.shape[0] : 1
        guard tensor.count == rows * width, key.contains("reduction.") || key.contains("norm.") else {
          return nil
        }
        return tensor.reshaped([rows, 4, width / 4]).indexSelected(1, [0, 2, 1, 3]).transposed(1, 2)
          .reshaped(tensor.shape)
      }
    }
    state.renameKeys { key in
      if key.hasPrefix("head") { return nil }
      var key = key
      if key.hasPrefix("layers") {
        if key.contains("attn.") {
          key = key.replacingOccurrences(of: "attn.", with: "attn.w_msa.")
        } else if key.contains("mlp.fc1.") {
          key = key.replacingOccurrences(of: "mlp.fc1.", with: "ffn.layers.0.0.")
        } else if key.contains("mlp.fc2.") {
          key = key.replacingOccurrences(of: "mlp.fc2.", with: "ffn.layers.1.")
        } else if key.contains("mlp.") {
          key = key.replacingOccurrences(of: "mlp.", with: "ffn.")
        }
        return "stages" + key.dropFirst("layers".count)
      }
      return key.hasPrefix("patch_embed") ? key.replacingOccurrences(of: "proj", with: "projection") : key
    }
  }
}
