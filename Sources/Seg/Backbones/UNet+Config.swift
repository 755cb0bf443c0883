import Core
import PyConfig

extension UNet {
  struct Config: ConfigRecord {
    var inChannels: Int
    var baseChannels: Int
    var strides: [Int]
    var encoderConvolutions, decoderConvolutions: [Int]
    /// Of each stage but the first: whether it begins with pooling, unless it has a stride.
    var downsamples: [Bool]
    var encoderDilations, decoderDilations: [Int]
    var style: ConvStyle
    var upsampler: Upsampler
    var evaluatesNorm: Bool
    var initialization: [InitConfig]

    /// How many times smaller the smallest map is.
    var rate: Int {
      (1..<strides.count).reduce(1) { $0 * (strides[$1] == 2 || downsamples[$1 - 1] ? 2 : 1) }
    }

    init(from reader: inout ConfigReader) throws {
      inChannels = try reader.positive("in_channels", default: 3)
      baseChannels = try reader.positive("base_channels", default: 64)
      let stages = try reader.positive("num_stages", default: 5)
      guard stages <= 12, baseChannels << stages <= 1 << 20 else {
        throw reader.invalid("must leave less than a million channels, found \(stages)", key: "num_stages")
      }
      func standard(_ value: Int, _ count: Int) -> [Int] { [Int](repeating: value, count: count) }
      strides = try reader.positives("strides", default: standard(1, 5), count: stages)
      guard strides.allSatisfy({ $0 <= 2 }) else {
        throw reader.invalid("must be 1 or 2, found \(strides)", key: "strides")
      }
      encoderConvolutions = try reader.positives("enc_num_convs", default: standard(2, 5), count: stages)
      encoderDilations = try reader.positives("enc_dilations", default: standard(1, 5), count: stages)
      decoderConvolutions = try reader.perStep("dec_num_convs", default: standard(2, 4), count: stages - 1)
      decoderDilations = try reader.perStep("dec_dilations", default: standard(1, 4), count: stages - 1)
      downsamples = try reader.value("downsamples", default: [true, true, true, true])
      guard downsamples.count == stages - 1 else {
        throw reader.invalid("must be \(stages - 1) values, found \(downsamples.count)", key: "downsamples")
      }
      style = try ConvStyle(from: &reader, norm: .batchNorm, activation: .relu)
      let width = baseChannels
      try reader.check(style.norm, channels: (0..<stages).map { width << $0 })
      upsampler = try reader.value("upsample_cfg", default: Upsampler.standard)
      evaluatesNorm = try reader.value("norm_eval", default: false)
      initialization = try reader.backboneInitialization(default: .kaimingAndOnes)
      reader.ignore("with_cp")
      try reader.requireNone("dcn", "plugins")
    }
  }

  /// How maps are enlarged.
  enum Upsampler: ConfigRecord {
    case transposed(kernel: Int, factor: Int)
    case interpolated(Interpolation)

    static let standard = Upsampler.interpolated(Interpolation())

    struct Interpolation {
      var conv = ConvConfig.plain
      /// Whether the convolution comes before the enlargement.
      var convolvesFirst = false
      var kernel: Pair = 1
      var stride: Pair = 1
      var padding: Pair = 0
      var target = Upsample.Target.factor(2)
      var mode = InterpolationMode.bilinear
      var alignCorners = false
    }

    init(from reader: inout ConfigReader) throws {
      let type: String = try reader.value("type")
      switch type {
      case "DeconvModule":
        let kernel = try reader.positive("kernel_size", default: 4)
        let factor = try reader.positive("scale_factor", default: 2)
        guard kernel >= factor, (kernel - factor) % 2 == 0 else {
          throw reader.invalid(
            "must exceed scale_factor, \(factor), by an even number, found \(kernel)", key: "kernel_size")
        }
        self = .transposed(kernel: kernel, factor: factor)
      case "InterpConv": self = .interpolated(try Interpolation(from: &reader))
      default:
        throw BuildError(
          .unknownName(type, role: "upsample layer", known: ["DeconvModule", "InterpConv"]),
          path: reader.path("type"),
          location: reader.location)
      }
    }

    func make(_ inChannels: Int, _ outChannels: Int, _ style: ConvStyle) -> any UnaryModule {
      switch self {
      case .transposed(let kernel, let factor):
        return DeconvModule(inChannels, outChannels, kernel: kernel, factor: factor, style)
      case .interpolated(let options):
        let conv = ConvStyle(conv: options.conv, norm: style.norm, activation: style.activation).make(
          inChannels, outChannels, kernel: options.kernel, stride: options.stride, padding: options.padding)
        let enlarge: any UnaryModule
        switch options.target {
        case .factor(let factor):
          enlarge = Enlarge(factor, mode: options.mode, alignCorners: options.alignCorners)
        case .size: enlarge = Upsample(options.target, mode: options.mode, alignCorners: options.alignCorners)
        }
        return InterpConv(options.convolvesFirst ? [conv, enlarge] : [enlarge, conv])
      }
    }
  }
}

extension UNet.Upsampler.Interpolation {
  init(from reader: inout ConfigReader) throws {
    self.init()
    conv = try reader.optional("conv_cfg") ?? .plain
    convolvesFirst = try reader.value("conv_first", default: false)
    kernel = try reader.value("kernel_size", default: 1)
    stride = try reader.value("stride", default: 1)
    padding = try reader.value("padding", default: 0)
    guard (kernel.array + stride.array).allSatisfy({ (1...1024).contains($0) }),
      padding.array.allSatisfy({ (0...1024).contains($0) })
    else { throw reader.invalid("kernel_size and stride must be positive, padding not negative") }
    guard let node = reader.node("upsample_cfg") else { return }
    var inner = try ConfigReader(node, path: reader.path("upsample_cfg"))
    if let size: Pair = try inner.optional("size") {
      guard size.array.allSatisfy({ (1...1 << 16).contains($0) }) else {
        throw inner.invalid("must be positive, found \(size)", key: "size")
      }
      target = .size(size)
      _ = inner.node("scale_factor")
    } else {
      target = .factor(try inner.enlargement("scale_factor", default: 2))
    }
    mode = try inner.value("mode", default: .nearest)
    alignCorners = try inner.value("align_corners", default: nil as Bool?) ?? false
    try inner.finish()
  }
}

extension ConfigReader {
  /// One number above 0 for each of `count` steps, of which there may be none.
  fileprivate mutating func perStep(_ key: String, default standard: [Int], count: Int) throws -> [Int] {
    let numbers: [Int] = try value(key, default: standard)
    guard numbers.count == count, numbers.allSatisfy({ (1...1 << 16).contains($0) }) else {
      throw invalid("must be \(count) positive numbers, found \(numbers)", key: key)
    }
    return numbers
  }
}
