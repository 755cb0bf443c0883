import Core
import Foundation

/// The neck of CenterNet: three times a convolution and a transposed one, which doubles the size.
///
/// Zhou et al., 2019, appendix A (<https://arxiv.org/abs/1904.07850>). Mirrors mmdet's `CTResNetNeck`.
///
/// - Input: feature maps, of which the last is used
/// - Output: one map `[N, filters.last, 2^k · H, 2^k · W]`
public final class CTResNetNeck: Module, Neck {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels: Int
    public var filters, kernels: [Int]
    /// Whether the plain convolutions are modulated deformable ones.
    public var isDeformable: Bool

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.integer("in_channel", in: 1...(1 << 20))
      filters = try reader.channelList("num_deconv_filters")
      kernels = try reader.value("num_deconv_kernels")
      guard kernels.count == filters.count, kernels.allSatisfy({ (3...64).contains($0) }) else {
        throw reader.invalid(
          "must hold a number of 3 to 64 for each of \(filters.count) filters, found \(kernels)",
          key: "num_deconv_kernels")
      }
      isDeformable = try reader.value("use_dcn", default: true)
      _ = try reader.initialization(default: [])
    }
  }

  let deconvLayers: Sequential
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    var (layers, width): ([any UnaryModule], Int) = ([], config.inChannels)
    for (filters, kernel) in zip(config.filters, config.kernels) {
      layers.append(
        ConvModule(
          width, filters, kernel: 3, padding: 1,
          conv: config.isDeformable ? ConvConfig(.modulatedDeformable) : .plain,
          norm: .batchNorm))
      layers.append(DeconvModule(filters, filters, kernel: kernel))
      width = filters
    }
    deconvLayers = Sequential(layers)
  }

  public var outputChannels: [Int]? { config.filters.last.map { [$0] } }

  public func check(_ shapes: [[Int]]) throws {
    guard shapes.last?[1] == config.inChannels else {
      throw InvalidConfig(
        "neck.in_channel must be that of the last map, \(shapes.last?[1] ?? 0), found \(config.inChannels)")
    }
  }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    [deconvLayers(features[features.count - 1])]
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    guard !config.isDeformable else { return }
    // Plain convolutions start by PyTorch's rule, not by that of `ConvModule`.
    for layer in deconvLayers.layers { (layer as? ConvModule)?.conv.initializeWeights(using: &generator) }
  }
}

/// A transposed convolution of stride 2 with norm and activation: mmcv's `ConvModule` with `deconv`.
final class DeconvModule: Module, UnaryModule {
  let conv: ConvTranspose2d
  let bn: BatchNorm2d

  init(_ inChannels: Int, _ outChannels: Int, kernel: Int) {
    conv = ConvTranspose2d(inChannels, outChannels, kernel: Pair(kernel), stride: 2, padding: 1, bias: false)
    bn = BatchNorm2d(outChannels)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { bn(conv(x)).relu() }

  /// The first kernel of each input channel starts as bilinear interpolation.
  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    let shape = conv.weight.shape, half = Double((shape[2] + 1) / 2)
    let center = (2 * half - 1 - half.truncatingRemainder(dividingBy: 2)) / (2 * half)
    var values = conv.weight.value.detached().floats
    for channel in 0..<shape[0] {
      for i in 0..<shape[2] {
        for j in 0..<shape[3] {
          let value = (1 - abs(Double(i) / half - center)) * (1 - abs(Double(j) / half - center))
          values[(channel * shape[1] * shape[2] + i) * shape[3] + j] = Float(value)
        }
      }
    }
    conv.weight.assign(Tensor(values, shape: shape))
  }
}
