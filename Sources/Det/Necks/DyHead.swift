import Core
import PyConfig

/// Blocks of attention over scales, places and tasks between a pyramid and a head.
///
/// Dai et al., 2021 (<https://arxiv.org/abs/2106.08322>). Mirrors mmdet's `DyHead`.
///
/// - Input: levels `[N, inChannels, H_i, W_i]`
/// - Output: levels `[N, outChannels, H_i, W_i]`
public final class DyHead: Module, Neck {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels, outChannels, blocks: Int
    /// Whether points of the deformable convolutions start on the grid.
    public var zeroInitOffset: Bool

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.integer("in_channels", in: 1...(1 << 20))
      outChannels = try reader.integer("out_channels", in: 16...(1 << 20))
      guard outChannels % 16 == 0 else {
        throw reader.invalid("must be divisible by 16, found \(outChannels)", key: "out_channels")
      }
      blocks = try reader.integer("num_blocks", default: 6, in: 0...100)
      zeroInitOffset = try reader.value("zero_init_offset", default: true)
      if let initial = reader.node("init_cfg"), !initial.isNone {
        throw reader.invalid("must be None", key: "init_cfg")
      }
    }
  }

  let dyheadBlocks: ModuleList<DyHeadBlock>
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    dyheadBlocks = ModuleList(
      (0..<config.blocks).map {
        DyHeadBlock(
          $0 == 0 ? config.inChannels : config.outChannels, config.outChannels, config.zeroInitOffset)
      })
  }

  public func check(_ shapes: [[Int]]) throws {
    guard shapes.allSatisfy({ $0[1] == config.inChannels }) else {
      throw InvalidConfig(
        "neck.in_channels must be that of all levels, \(shapes.map { $0[1] }), found \(config.inChannels)")
    }
    for (large, small) in zip(shapes, shapes.dropFirst())
    where (large[2] + 1) / 2 != small[2] || (large[3] + 1) / 2 != small[3] {
      throw InvalidConfig(
        "neck: each level must be half as large as the one before, found \(large) and \(small)")
    }
  }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] { dyheadBlocks.reduce(features) { $1($0) } }
}

/// One block: each level is joined with its neighbours by deformable convolutions, weighted and activated.
final class DyHeadBlock: Module {
  let spatialConvHigh: DyDeformConv
  let spatialConvMid: DyDeformConv
  let spatialConvLow: DyDeformConv
  let spatialConvOffset: Conv2d
  let scaleAttnModule: Sequential
  let taskAttnModule: DyReLU
  private let zeroInitOffset: Bool

  init(_ inChannels: Int, _ outChannels: Int, _ zeroInitOffset: Bool) {
    self.zeroInitOffset = zeroInitOffset
    spatialConvHigh = DyDeformConv(inChannels, outChannels, stride: 1)
    spatialConvMid = DyDeformConv(inChannels, outChannels, stride: 1)
    spatialConvLow = DyDeformConv(inChannels, outChannels, stride: 2)
    spatialConvOffset = Conv2d(inChannels, 27, kernel: 3, padding: 1)
    scaleAttnModule = Sequential([
      AdaptiveAvgPool2d(1), Conv2d(outChannels, 1, kernel: 1), Activation(.relu),
      Activation(.wideHardSigmoid),
    ])
    taskAttnModule = DyReLU(outChannels)
  }

  func callAsFunction(_ levels: [Tensor]) -> [Tensor] {
    levels.indices.map { level in
      let x = levels[level], parts = spatialConvOffset(x)
      let offset = parts.sliced(1, 0..<18), mask = parts.sliced(1, 18..<27).sigmoid()
      var joined = [spatialConvMid(x, offset, mask)]
      if level > 0 { joined.append(spatialConvLow(levels[level - 1], offset, mask)) }
      if level + 1 < levels.count {
        let above = spatialConvHigh(levels[level + 1], offset, mask)
        joined.append(above.interpolate(size: x.imageSize, mode: .bilinear, alignCorners: true))
      }
      let weighted = joined.map { $0 * scaleAttnModule($0) }
      return taskAttnModule(weighted.dropFirst().reduce(weighted[0], +) / Float(weighted.count))
    }
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    InitConfig.normal(std: 0.01, layers: ["Conv2d"]).apply(to: self, using: &generator)
    guard zeroInitOffset else { return }
    Init.constant(spatialConvOffset.weight, 0)
    spatialConvOffset.bias?.value.fillInPlace(0)
  }
}

/// A modulated deformable 3x3 convolution with offsets and mask from elsewhere, and a group norm.
final class DyDeformConv: Module {
  let conv: DeformKernels
  let norm: GroupNorm
  private let stride: Int

  init(_ inChannels: Int, _ outChannels: Int, stride: Int) {
    self.stride = stride
    conv = DeformKernels(inChannels, outChannels)
    norm = GroupNorm(16, outChannels)
  }

  func callAsFunction(_ x: Tensor, _ offset: Tensor, _ mask: Tensor) -> Tensor {
    let size = Pair(h: (x.shape[2] - 1) / stride + 1, w: (x.shape[3] - 1) / stride + 1)
    // The original's operator reads the offsets of a larger level as if they had the size of its output: the first
    // numbers of each image, whatever pixels they belong to.
    func fitted(_ t: Tensor) -> Tensor {
      if t.imageSize == size { return t }
      let (n, c) = (t.shape[0], t.shape[1])
      return t.contiguous().reshaped([n, c * t.shape[2] * t.shape[3]]).sliced(1, 0..<c * size.h * size.w)
        .reshaped([n, c, size.h, size.w])
    }
    return norm(
      x.deformConv2d(
        offset: fitted(offset), mask: fitted(mask), conv.weight.value, stride: Pair(stride), padding: 1))
  }
}

/// Kernels of a deformable convolution.
final class DeformKernels: Module {
  /// `[outChannels, inChannels, 3, 3]`
  let weight: Parameter

  init(_ inChannels: Int, _ outChannels: Int) { weight = Parameter(.zeros([outChannels, inChannels, 3, 3])) }

  override func initializeWeights(using generator: inout RandomGenerator) {
    let bound = 1 / Double(weight.shape[1] * 9).squareRoot()
    Init.uniform(weight, low: -bound, high: bound, using: &generator)
  }
}

/// The larger of two linear functions of each channel, worked out from the means of all channels.
///
/// Chen et al., 2020 (<https://arxiv.org/abs/2003.10027>). Mirrors mmdet's `DyReLU`.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
public final class DyReLU: Module, UnaryModule {
  let conv1: ConvModule
  let conv2: ConvModule

  public init(_ channels: Int, ratio: Int = 4) {
    conv1 = ConvModule(channels, channels / ratio, kernel: 1)
    conv2 = ConvModule(channels / ratio, 4 * channels, kernel: 1, activation: .function(.wideHardSigmoid))
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let factors = (conv2(conv1(x.globalAvgPool2d())) - 0.5).chunked(1, 4)
    let first = x * (factors[0] * 2 + 1) + factors[1]
    return first.maximum(x * (factors[2] * 2) + factors[3])
  }
}

extension UnaryOperation {
  /// `clamp((x + 3) / 6, 0, 1)`
  fileprivate static var wideHardSigmoid: UnaryOperation { .hardSigmoid(bias: 3, divisor: 6, min: 0, max: 1) }
}
