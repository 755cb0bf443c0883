import OrderedCollections
import TorchFile

extension BEiT: PretrainedAdapting {
  /// Resamples tables of position biases, and for MAE the position embedding, of square images of another size.
  public func adaptPretrained(_ state: inout OrderedDictionary<String, StoredTensor>) {
    // Tables of indices are this model's own.
    state.removeAll { key, _ in key.contains("relative_position_index") }
    let own = self.state
    for key in state.keys where key.contains("relative_position_bias_table") && patches.h == patches.w {
      guard let expected = own[key]?.value.shape else { continue }
      // Three more are for the class token.
      state.change(key) { table in
        guard table.rank == 2, table.shape[0] > 3, table.shape[1] == expected[1] else { return nil }
        let source = Int(Double(table.shape[0] - 3).squareRoot())
        let target = Int(Double(expected[0] - 3).squareRoot())
        guard source != target, source * source + 3 == table.shape[0] else { return nil }
        return PositionResampling.geometric(
          table.sliced(0, 0..<(source * source)), source: source, target: target
        )
        .map { Tensor.concatenate([$0, table.sliced(0, (source * source)..<table.shape[0])]) }
      }
    }
    guard let posEmbed else { return }
    state.change("pos_embed") { embedding in
      guard embedding.rank == 3, embedding.shape[1] > 1 else { return nil }
      let source = Int(Double(embedding.shape[1] - 1).squareRoot())
      let target = Int(Double(posEmbed.shape[1] - 1).squareRoot())
      guard source != target, source * source + 1 == embedding.shape[1] else { return nil }
      return embedding.resizedPositions(from: Pair(source), to: Pair(target), extra: 1)
    }
  }
}
