import Core

/// Attention that may halve the map and widen the tokens, and a feed-forward network, each behind a norm and beside a
/// shortcut.
final class MultiScaleBlock: Module {
  let norm1: any NormLayer
  let attn: MultiScaleAttention
  let dropPath: DropPath
  let norm2: any NormLayer
  let mlp: MultiScaleMLP
  let proj: Linear?
  private let widensInAttention: Bool
  private let stride: Int

  init(
    _ inFeatures: Int, _ width: Int, heads: Int, mlpRatio: Double, dropPath: Float,
    activation: ActivationConfig,
    widensInAttention: Bool, _ options: MultiScaleAttention.Options
  ) {
    let inner = widensInAttention ? width : inFeatures
    norm1 = options.norm.make(inFeatures)
    attn = MultiScaleAttention(inFeatures, inner, heads: heads, options)
    self.dropPath = DropPath(dropPath)
    norm2 = options.norm.make(inner)
    mlp = MultiScaleMLP(inner, hidden: Int(Double(inner) * mlpRatio), width, activation)
    proj = inFeatures == width ? nil : Linear(inFeatures, width)
    (self.widensInAttention, stride) = (widensInAttention, options.queryStride)
  }

  /// - Parameter x: tokens of a map of `size`, `[N, H · W, inFeatures]`.
  func callAsFunction(_ x: Tensor, _ size: Pair) -> (tokens: Tensor, size: Pair) {
    let normed = norm1(x)
    let (attended, newSize) = attn(normed, size)
    var skip = x
    if widensInAttention, let proj { skip = proj(normed) }
    if stride > 1 {
      skip = skip.tokensAsMap(size).maxPool2d(
        Pair(stride + 1), stride: Pair(stride), padding: Pair((stride + 1) / 2)
      ).mapAsTokens()
    }
    let y = skip + dropPath(attended)
    let normedAgain = norm2(y)
    let rest = !widensInAttention ? proj?(normedAgain) ?? y : y
    return (rest + dropPath(mlp(normedAgain)), newSize)
  }
}

/// Two linear layers with an activation between them.
final class MultiScaleMLP: Module, UnaryModule {
  let fc1: Linear
  let act: any UnaryModule
  let drop1: Dropout
  let fc2: Linear
  let drop2: Dropout

  init(_ inFeatures: Int, hidden: Int, _ outFeatures: Int, _ activation: ActivationConfig, dropout: Float = 0)
  {
    fc1 = Linear(inFeatures, hidden)
    act = activation.make()
    drop1 = Dropout(dropout)
    fc2 = Linear(hidden, outFeatures)
    drop2 = Dropout(dropout)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { drop2(fc2(drop1(act(fc1(x))))) }
}
