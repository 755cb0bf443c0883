/// Attention with position embeddings, dropout and a shortcut around it.
///
/// Mirrors mmcv's `MultiheadAttention`, a wrapper of PyTorch's: its keys begin with `attn`. Batches come first here.
public final class AttentionBlock: Module {
  let attn: MultiheadAttention
  let projDrop: Dropout
  let dropoutLayer: (any UnaryModule)?

  public init(
    _ width: Int, heads: Int, attentionDropout: Float = 0, dropout: Float = 0,
    branchDropout: DropoutConfig? = .elements(0), bias: Bool = true, outputBias: Bool? = nil
  ) {
    attn = MultiheadAttention(
      width, heads: heads, dropout: attentionDropout, bias: bias, outputBias: outputBias)
    projDrop = Dropout(dropout)
    dropoutLayer = branchDropout?.make()
  }

  public var width: Int { attn.width }

  /// - Parameters:
  ///   - query: `[N, L, width]`.
  ///   - key: `[N, S, width]`; the query unless given.
  ///   - value: `[N, S, width]`; the key unless given.
  ///   - identity: what is added to the result; the query (without its position) unless given.
  ///   - queryPosition: added to the query; to the key, too, where that has no position of its own and the same shape.
  ///   - keyPosition: added to the key.
  public func callAsFunction(
    _ query: Tensor, key: Tensor? = nil, value: Tensor? = nil, identity: Tensor? = nil,
    queryPosition: Tensor? = nil, keyPosition: Tensor? = nil, mask: AttentionMask = .none
  ) -> Tensor {
    let isSelf = key == nil && value == nil && queryPosition == nil && keyPosition == nil
    let y: Tensor
    if isSelf {
      y = attn(query, mask: mask)
    } else {
      let keys = key ?? query
      let position = keyPosition ?? (queryPosition?.shape == keys.shape ? queryPosition : nil)
      y = attn(
        query: queryPosition.map { query + $0 } ?? query, key: position.map { keys + $0 } ?? keys,
        value: value ?? keys, mask: mask)
    }
    let dropped = projDrop(y)
    return (identity ?? query) + (dropoutLayer?(dropped) ?? dropped)
  }
}
