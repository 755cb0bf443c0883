import Core

/// Attention with a learnt bias for each distance between two places of a 7x7 map.
///
/// Mirrors mmcls's `AttentionWithBias`.
final class BiasedAttention: Module {
  /// `[heads, distances]`
  let attentionBiases: Parameter
  /// `[49, 49]`
  let attentionBiasIdxs: Buffer
  let qkv: Linear
  let proj: Linear
  /// The index as it must be, whatever a checkpoint says.
  private let index: Tensor
  static let side = 7
  private static let (heads, depth, valueDepth) = (8, 32, 128)

  init(_ width: Int) {
    let (index, count) = Self.distances()
    self.index = index
    attentionBiases = Parameter(.zeros([Self.heads, count]))
    attentionBiasIdxs = Buffer(Self.distances().index)
    qkv = Linear(width, Self.heads * (2 * Self.depth + Self.valueDepth))
    proj = Linear(Self.heads * Self.valueDepth, width)
  }

  /// - Parameter x: `[N, 49, width]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let (n, l) = (x.shape[0], x.shape[1])
    let (heads, depth, valueDepth) = (Self.heads, Self.depth, Self.valueDepth)
    // Queries, keys and values of one head lie side by side.
    let parts = qkv(x).reshaped([n, l, heads, 2 * depth + valueDepth]).transposed(1, 2)
      .split(3, sizes: [depth, depth, valueDepth])
    let bias = attentionBiases.value.indexSelected(1, index.reshaped([-1])).reshaped([heads, l, l])
    let y = Tensor.attention(query: parts[0], key: parts[1], value: parts[2], bias: bias)
    return proj(y.transposed(1, 2).reshaped([n, l, heads * valueDepth]))
  }

  /// Numbers of distances in the order in which pairs of places first show them, and how many there are.
  private static func distances() -> (index: Tensor, count: Int) {
    var known: [Int: Int64] = [:]
    let places = side * side
    let values = (0..<(places * places)).map { pair -> Int64 in
      let (a, b) = (pair / places, pair % places)
      let distance = abs(a / side - b / side) * side + abs(a % side - b % side)
      let number = known[distance] ?? Int64(known.count)
      known[distance] = number
      return number
    }
    return (Tensor(values, shape: [places, places]), known.count)
  }
}

/// From a map to tokens.
final class FlattenMap: Module, UnaryModule {
  func callAsFunction(_ x: Tensor) -> Tensor { x.mapAsTokens() }
}

/// Attention and two linear layers for tokens, each behind a norm, scaled and beside a shortcut.
final class EfficientFormerTokenBlock: Module, UnaryModule {
  let norm1: any NormLayer
  let tokenMixer: BiasedAttention
  let norm2: any NormLayer
  let mlp: MultiScaleMLP
  let dropPath: DropPath
  let ls1: LayerScale?
  let ls2: LayerScale?

  init(_ width: Int, mlpRatio: Double, dropPath: Float, _ config: EfficientFormer.Config) {
    norm1 = NormConfig.layerNorm().make(width)
    tokenMixer = BiasedAttention(width)
    norm2 = NormConfig.layerNorm().make(width)
    mlp = MultiScaleMLP(
      width, hidden: Int(Double(width) * mlpRatio), width, config.activation, dropout: config.dropout)
    self.dropPath = DropPath(dropPath)
    ls1 = config.hasLayerScale ? LayerScale(width) : nil
    ls2 = config.hasLayerScale ? LayerScale(width) : nil
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    func scaled(_ y: Tensor, _ scale: LayerScale?) -> Tensor { dropPath(scale?(y) ?? y) }
    let y = x + scaled(tokenMixer(norm1(x)), ls1)
    return y + scaled(mlp(norm2(y)), ls2)
  }
}

/// Pooling and two 1x1 convolutions with norms for maps, scaled and beside a shortcut.
final class EfficientFormerMapBlock: Module, UnaryModule {
  /// `fc1`, `fc2`, `norm1` and `norm2`.
  final class ConvMLP: Module, UnaryModule {
    let fc1: Conv2d
    let act: any UnaryModule
    let fc2: Conv2d
    let norm1: any NormLayer
    let norm2: any NormLayer
    let drop: Dropout

    init(_ width: Int, hidden: Int, _ config: EfficientFormer.Config) {
      fc1 = Conv2d(width, hidden, kernel: 1)
      act = config.activation.make()
      fc2 = Conv2d(hidden, width, kernel: 1)
      norm1 = NormConfig.batchNorm.make(hidden)
      norm2 = NormConfig.batchNorm.make(width)
      drop = Dropout(config.dropout)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      drop(fc2(drop(act(fc1(x, norm: norm1))), norm: norm2))
    }
  }

  let mlp: ConvMLP
  let dropPath: DropPath
  let ls1: LayerScale?
  let ls2: LayerScale?
  private let poolSize: Int

  init(_ width: Int, dropPath: Float, _ config: EfficientFormer.Config) {
    // As in the original, whose maps do not hear of `mlp_ratios`.
    mlp = ConvMLP(width, hidden: 4 * width, config)
    self.dropPath = DropPath(dropPath)
    ls1 = config.hasLayerScale ? LayerScale(width, isMap: true) : nil
    ls2 = config.hasLayerScale ? LayerScale(width, isMap: true) : nil
    poolSize = config.poolSize
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    func scaled(_ y: Tensor, _ scale: LayerScale?) -> Tensor { dropPath(scale?(y) ?? y) }
    let pooled = x.avgPool2d(Pair(poolSize), stride: 1, padding: Pair(poolSize / 2), countIncludePad: false)
    let y = x + scaled(pooled - x, ls1)
    return y + scaled(mlp(y), ls2)
  }
}
