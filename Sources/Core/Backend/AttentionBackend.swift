/// What attention works on. Rows of `d` elements lie dense, everything else may be strided; nothing is in a graph.
struct AttentionOperands {
  /// `[N, heads, n, d]`
  var query: Tensor
  /// `[N, heads, m, d]`
  var key: Tensor
  /// `[N, heads, m, e]`
  var value: Tensor
  /// `[1 or N, 1 or heads, 1 or n, m]`, added to the scores.
  var bias: Tensor?
  var scale: Float
  /// Attention within windows of a map: then `n` and `m` are the tokens of the map, those of the bias of a window.
  var windows: WindowTables?
  /// Queries, keys and values of padding: `[3, heads, d]`, row-major; 0 unless given.
  var padding: Tensor?

  /// Queries and keys that see each other at a time.
  var block: (queries: Int, keys: Int) {
    windows.map { ($0.tokens, $0.tokens) } ?? (query.shape[2], key.shape[2])
  }
}

/// The tables of a `WindowLayout`, made once.
final class WindowTables {
  let count: Int
  let tokens: Int
  let places: [Int32]
  let regions: [Int32]?
  let penalty: Float

  init(_ layout: WindowLayout) {
    (count, tokens) = (layout.windows.h * layout.windows.w, layout.tokens)
    (places, regions, penalty) = (layout.places, layout.regions, layout.penalty)
  }
}

/// Attention without the matrix of all scores.
protocol AttentionBackend {
  /// `softmax(scale · q kᵀ + bias) v` as `[N, heads, n, e]`, which lies as `[N, n, heads, e]`; with `wantsLogSum` the
  /// logarithms of the sums of exponentials too, which the gradient needs.
  func attention(_ operands: AttentionOperands, wantsLogSum: Bool) -> (output: Tensor, logSum: Tensor?)
  /// Writes gradients of queries, keys and values over `targets`, which have their shapes and dense rows.
  ///
  /// Returns those of the bias (`[1 or N, heads, n, m]`) and of padding, if wanted.
  func attentionGradient(
    _ operands: AttentionOperands, output: Tensor, logSum: Tensor, gradient: Tensor,
    targets: (query: Tensor, key: Tensor, value: Tensor), wantsBias: Bool, wantsPadding: Bool
  ) -> (bias: Tensor?, padding: Tensor?)
}
