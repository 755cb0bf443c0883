import Core

/// A layer over whole maps and one over channels, both behind a normalisation and with a shortcut.
///
/// - Input: `[N, channels, size.h, size.w]`; the output has the same shape.
final class RepMLPNetUnit: Module, UnaryModule {
  let repmlpBlock: RepMLPBlock
  let ffnBlock: RepMLPConvFFN
  let norm1: any NormLayer
  let norm2: any NormLayer

  init(_ channels: Int, size: Pair, shareSets: Int, _ config: RepMLPNet.Config) {
    repmlpBlock = RepMLPBlock(channels, size: size, shareSets: shareSets, config)
    ffnBlock = RepMLPConvFFN(channels, middle: channels * 4)
    norm1 = config.norm.make(channels)
    norm2 = config.norm.make(channels)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = x + repmlpBlock(norm1(x))
    return y + ffnBlock(norm2(y))
  }
}

/// A fully connected layer over the pixels of a map, shared by channels, and convolutions beside it.
///
/// - Input: `[N, channels, size.h, size.w]`; the output has the same shape.
final class RepMLPBlock: Module, UnaryModule {
  let gp: SELayer
  let fc3: Conv2d
  let fc3Bn: BatchNorm2d?
  private let branches: Branches
  private let shareSets: Int

  /// The convolutions under their keys. No module itself.
  private final class Branches {
    let all: [(kernel: Int, conv: ConvModule)]
    init(_ all: [(kernel: Int, conv: ConvModule)]) { self.all = all }
  }

  /// - Parameter shareSets: how many layers the channels share.
  init(_ channels: Int, size: Pair, shareSets: Int, _ config: RepMLPNet.Config) {
    let vector = size.h * size.w * shareSets
    gp = SELayer(channels, ratio: config.squeezeRatio)
    // The original's blocks keep their own defaults of convolution and normalisation.
    fc3 = Conv2d(vector, vector, kernel: 1, groups: shareSets, bias: config.isDeployed)
    fc3Bn = config.isDeployed ? nil : BatchNorm2d(shareSets)
    branches = Branches(
      (config.isDeployed ? [] : config.kernels).map {
        (
          $0,
          ConvModule(
            shareSets, shareSets, kernel: Pair($0), padding: Pair($0 / 2), groups: shareSets,
            norm: .batchNorm,
            activation: nil)
        )
      })
    self.shareSets = shareSets
  }

  override var listedChildren: [(key: String, module: Module)] {
    branches.all.map { ("repconv\($0.kernel)", $0.conv) }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let (h, w) = (x.shape[2], x.shape[3])
    // Channels in sets, each of which is one sample of the layer.
    let sets = x.contiguous().reshaped([-1, shareSets, h, w])
    var y = fc3(sets.reshaped([sets.shape[0], shareSets * h * w, 1, 1])).reshaped(sets.shape)
    if let fc3Bn { y = fc3Bn(y) }
    for (_, conv) in branches.all { y = y + conv(sets) }
    return y.contiguous().reshaped(x.shape) * gp.weights(x)
  }
}

/// Two 1x1 convolutions.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
final class RepMLPConvFFN: Module, UnaryModule {
  @Named var fc1: ConvModule
  @Named var fc2: ConvModule

  init(_ channels: Int, middle: Int) {
    _fc1 = Named(
      "ffn_fc1", ConvModule(channels, middle, kernel: 1, norm: .batchNorm, activation: .function(.gelu)))
    _fc2 = Named("ffn_fc2", ConvModule(middle, channels, kernel: 1, norm: .batchNorm, activation: nil))
  }

  func callAsFunction(_ x: Tensor) -> Tensor { fc2(fc1(x)) }
}
