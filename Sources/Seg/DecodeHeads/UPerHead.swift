import Core

/// A feature pyramid whose top is a pyramid of means.
///
/// Xiao et al., "Unified Perceptual Parsing", 2018 (<https://arxiv.org/abs/1807.10221>). Mirrors mmseg's `UPerHead`.
final class UPerHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var scales: [Int]

    init(from reader: inout ConfigReader) throws {
      scales = try reader.positives("pool_scales", default: [1, 2, 3, 6])
      base = try DecodeHeadConfig(from: &reader, transform: .multipleSelect)
    }
  }

  let pspModules: PyramidPooling
  let bottleneck: ConvModule
  let lateralConvs: ModuleList<ConvModule>
  let fpnConvs: ModuleList<ConvModule>
  let fpnBottleneck: ConvModule

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    let inputs = base.inputChannels
    let (top, channels) = (inputs[inputs.count - 1], base.channels)
    pspModules = PyramidPooling(
      scales: config.scales, top, channels, base.style, alignCorners: base.alignCorners)
    bottleneck = base.convModule(top + config.scales.count * channels, channels, kernel: 3)
    lateralConvs = ModuleList(inputs.dropLast().map { base.convModule($0, channels, kernel: 1) })
    fpnConvs = ModuleList(inputs.dropLast().map { _ in base.convModule(channels, channels, kernel: 3) })
    fpnBottleneck = base.convModule(inputs.count * channels, channels, kernel: 3)
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let inputs = try selected(features)
    let last = inputs[inputs.count - 1]
    var laterals = zip(lateralConvs, inputs).map { $0($1) }
    laterals.append(bottleneck(.concatenate([last] + pspModules(last), axis: 1)))
    for level in stride(from: laterals.count - 1, to: 0, by: -1) {
      laterals[level - 1] =
        laterals[level - 1] + laterals[level].resized(like: laterals[level - 1], alignCorners: alignCorners)
    }
    var outputs = zip(fpnConvs, laterals).map { $0($1) }
    outputs.append(laterals[laterals.count - 1])
    let maps = outputs.map { $0.resized(like: outputs[0], alignCorners: alignCorners) }
    return fpnBottleneck(.concatenate(maps, axis: 1))
  }
}
