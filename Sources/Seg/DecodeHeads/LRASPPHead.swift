import Core

/// A deep feature map, scaled by its means over large windows, joined with shallow ones.
///
/// The head of MobileNetV3, Howard et al., 2019 (<https://arxiv.org/abs/1905.02244>). Mirrors mmseg's `LRASPPHead`.
final class LRASPPHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    /// Of all feature maps but the last.
    var branchChannels: [Int]

    init(from reader: inout ConfigReader) throws {
      branchChannels = try reader.positives("branch_channels", default: [32, 64])
      base = try DecodeHeadConfig(from: &reader)
      guard base.transform == .multipleSelect else {
        throw reader.invalid("must be 'multiple_select'", key: "input_transform")
      }
      let inputs = base.inputChannels
      // The pooled branch takes the channels of the third map, which must therefore be the last.
      guard inputs.count >= 3, inputs[2] == inputs[inputs.count - 1] else {
        throw reader.invalid("must be three numbers, found \(inputs)", key: "in_channels")
      }
      guard branchChannels.count == inputs.count - 1 else {
        throw reader.invalid(
          "must be \(inputs.count - 1) numbers, found \(branchChannels)", key: "branch_channels")
      }
    }
  }

  let convs: Sequential
  let convUps: Sequential
  let convUpInput: Conv2d
  let asppConv: ConvModule
  let imagePool: Sequential
  private static let window = 49

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    let (inputs, channels) = (base.inputChannels, base.channels)
    /// Without a bias even where there is no norm.
    func pointwise(_ inChannels: Int, norm: NormConfig?, _ activation: ActivationConfig?) -> ConvModule {
      ConvModule(inChannels, channels, kernel: 1, bias: false, norm: norm, activation: activation)
    }
    let (norm, activation) = (base.style.norm, base.style.activation)
    convs = Sequential(
      named: config.branchChannels.enumerated().map {
        ("conv\($0)", Conv2d(inputs[$0], $1, kernel: 1, bias: false))
      })
    convUps = Sequential(
      named: config.branchChannels.enumerated().map {
        ("conv_up\($0)", pointwise(channels + $1, norm: norm, activation))
      })
    convUpInput = Conv2d(channels, channels, kernel: 1)
    asppConv = pointwise(inputs[inputs.count - 1], norm: norm, activation)
    imagePool = Sequential([
      AvgPool2d(Pair(Self.window), stride: Pair(h: 16, w: 20)),
      pointwise(inputs[2], norm: nil, .function(.sigmoid)),
    ])
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let inputs = try selected(features)
    let deep = inputs[inputs.count - 1]
    guard deep.shape[2] >= Self.window, deep.shape[3] >= Self.window else {
      throw InvalidConfig(
        "LRASPPHead: the last feature map must be at least \(Self.window)x\(Self.window), "
          + "found \(deep.shape[2])x\(deep.shape[3]): pictures must be larger")
    }
    let aspp = asppConv(deep)
    var x = convUpInput(aspp * imagePool(deep).resized(like: aspp, alignCorners: alignCorners))
    for level in convs.layers.indices.reversed() {
      let shallow = convs[level](inputs[level])
      x = convUps[level](
        .concatenate([x.resized(like: shallow, alignCorners: alignCorners), shallow], axis: 1))
    }
    return x
  }
}
