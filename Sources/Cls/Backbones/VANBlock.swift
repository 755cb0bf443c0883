import Core

/// Overlapping patches of an image, normalised over the batch.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H / stride, W / stride]` with a stride of `patch / 2 + 1`
final class VANPatchEmbed: Module, UnaryModule {
  let projection: Conv2d
  let norm: BatchNorm2d

  init(_ inChannels: Int, _ outChannels: Int, patch: Int) {
    projection = Conv2d(
      inChannels, outChannels, kernel: Pair(patch), stride: Pair(patch / 2 + 1), padding: Pair(patch / 2))
    norm = BatchNorm2d(outChannels)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { projection(x, norm: norm) }
}

/// Attention and a mixing of channels, both behind a normalisation and with a shortcut.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
final class VANBlock: Module, UnaryModule {
  /// `[channels]`
  @Named var scale1: Parameter?
  /// `[channels]`
  @Named var scale2: Parameter?
  let norm1: any NormLayer
  let attn: VANAttention
  let norm2: any NormLayer
  let mlp: VANMixer
  private let dropPath: DropPath?
  private let layerScale: Double

  init(_ channels: Int, middle: Int, dropout: Float, dropPath: Float, _ options: VANBlockOptions) {
    layerScale = options.layerScale
    func scale(_ key: String) -> Named<Parameter?> {
      Named(key, options.layerScale > 0 ? Parameter(.full([channels], options.layerScale)) : nil)
    }
    _scale1 = scale("layer_scale_1")
    _scale2 = scale("layer_scale_2")
    norm1 = options.norm.make(channels)
    attn = VANAttention(channels, options.activation)
    norm2 = options.norm.make(channels)
    mlp = VANMixer(channels, middle: middle, dropout: dropout, options.activation)
    self.dropPath = dropPath > 0 ? DropPath(dropPath) : nil
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    /// `x + dropPath(scale · y)`
    func added(_ y: Tensor, _ scale: Parameter?, to x: Tensor) -> Tensor {
      let scaled = scale.map { y * $0.value.reshaped([1, $0.count, 1, 1]) } ?? y
      return x + (dropPath.map { $0(scaled) } ?? scaled)
    }
    let x = added(attn(norm1(x)), scale1, to: x)
    return added(mlp(norm2(x)), scale2, to: x)
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    for scale in [scale1, scale2].compactMap({ $0 }) { Init.constant(scale, layerScale) }
  }
}

/// Large kernel attention between two 1x1 convolutions, with a shortcut.
final class VANAttention: Module, UnaryModule {
  @Named var first: Conv2d
  let activation: any UnaryModule
  let spatialGatingUnit: LargeKernelAttention
  @Named var last: Conv2d
  private let fused: FusedActivation?

  init(_ channels: Int, _ activation: ActivationConfig) {
    _first = Named("proj_1", Conv2d(channels, channels, kernel: 1))
    self.activation = activation.make()
    spatialGatingUnit = LargeKernelAttention(channels)
    _last = Named("proj_2", Conv2d(channels, channels, kernel: 1))
    fused = activation.fused
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = fused.map { first(x, norm: nil, activation: $0) } ?? activation(first(x))
    return last(spatialGatingUnit(y), norm: nil, residual: x)
  }
}

/// Each pixel times what convolutions of single channels and a 1x1 convolution make of its surroundings.
final class LargeKernelAttention: Module, UnaryModule {
  @Named var near: Conv2d
  @Named var far: Conv2d
  let conv1: Conv2d

  init(_ channels: Int) {
    _near = Named("DW_conv", Conv2d(channels, channels, kernel: 5, padding: 2, groups: channels))
    _far = Named(
      "DW_D_conv", Conv2d(channels, channels, kernel: 7, padding: 9, dilation: 3, groups: channels))
    conv1 = Conv2d(channels, channels, kernel: 1)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { x * conv1(far(near(x))) }
}

/// A 1x1 convolution that widens, a 3x3 one of single channels, and a 1x1 one that narrows.
final class VANMixer: Module, UnaryModule {
  let fc1: Conv2d
  let dwconv: Conv2d
  let act: any UnaryModule
  let fc2: Conv2d
  private let dropout: Dropout
  private let fused: FusedActivation?

  init(_ channels: Int, middle: Int, dropout: Float, _ activation: ActivationConfig) {
    fc1 = Conv2d(channels, middle, kernel: 1)
    dwconv = Conv2d(middle, middle, kernel: 3, padding: 1, groups: middle)
    act = activation.make()
    fc2 = Conv2d(middle, channels, kernel: 1)
    self.dropout = Dropout(dropout)
    fused = activation.fused
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = fc1(x)
    return dropout(fc2(dropout(fused.map { dwconv(y, norm: nil, activation: $0) } ?? act(dwconv(y)))))
  }
}
