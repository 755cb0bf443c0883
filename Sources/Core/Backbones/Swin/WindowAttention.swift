/// Attention within windows, with a learnt bias for each distance between two tokens.
///
/// Liu et al., 2021, section 3.2 (<https://arxiv.org/abs/2103.14030>). Mirrors the `WindowMSA` of the original suites.
final class WindowAttention: Module {
  /// `[(2 · window - 1)², heads]`
  let relativePositionBiasTable: Parameter
  /// `[window², window²]`: which row of the table a query and a key have.
  let relativePositionIndex: Buffer
  let qkv: Linear
  let proj: Linear
  private let projDrop: Dropout
  /// The index as it must be, whatever a checkpoint says.
  private let index: Tensor
  private let heads: Int
  private let scale: Float?
  private let dropout: Float

  init(
    _ width: Int, heads: Int, window: Int, qkvBias: Bool, scale: Float?, attentionDropout: Float,
    dropout: Float
  ) {
    relativePositionBiasTable = Parameter(.zeros([(2 * window - 1) * (2 * window - 1), heads]))
    index = Self.index(window)
    relativePositionIndex = Buffer(Self.index(window))
    qkv = Linear(width, 3 * width, bias: qkvBias)
    proj = Linear(width, width)
    projDrop = Dropout(dropout)
    // As in Python, a scale of 0 counts as none.
    (self.heads, self.scale, self.dropout) = (heads, scale == 0 ? nil : scale, attentionDropout)
  }

  /// - Parameter x: tokens of a map, `[N, H · W, width]`.
  func callAsFunction(_ x: Tensor, _ layout: WindowLayout) -> Tensor {
    let table = relativePositionBiasTable.value
    let tokens = layout.tokens
    let bias = table.transposed(0, 1).indexSelected(1, index.reshaped([-1]))
      .reshaped([heads, tokens, tokens])
    // Padding goes through the linear layer as zeros.
    let y = Tensor.windowAttention(
      packed: qkv(x), layout, heads: heads, bias: bias, padding: qkv.bias?.value, scale: scale,
      dropout: isTraining ? dropout : 0)
    return projDrop(proj(y))
  }

  /// Number of a pair of tokens by their distance.
  private static func index(_ window: Int) -> Tensor {
    let places = (0..<(window * window)).map { $0 / window * (2 * window - 1) + $0 % window }
    let values = places.flatMap { row in places.reversed().map { Int64(row + $0) } }
    return Tensor(values, shape: [window * window, window * window])
  }
}
