import Core

/// Each pixel gathers from all others, and gives to them, by masks that it works out itself.
///
/// Zhao et al., "PSANet", ECCV 2018. Mirrors mmseg's `PSAHead`.
final class PSAHead: BaseDecodeHead {
  enum Kind: String, Sendable, CaseIterable, ConfigDecodable {
    case collect, distribute
    case both = "bi-direction"
  }

  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var maskSize: Pair
    var kind: Kind
    /// Whether masks are of the image rather than of the surroundings of a pixel.
    var isCompact: Bool
    /// How many times smaller the image is made.
    var shrinkFactor: Int
    var divisor: Float
    var usesSoftmax: Bool

    init(from reader: inout ConfigReader) throws {
      maskSize = try reader.value("mask_size")
      guard maskSize.array.allSatisfy({ (1...1024).contains($0) }) else {
        throw reader.invalid("must be positive, found \(maskSize)", key: "mask_size")
      }
      kind = try reader.value("psa_type", default: .both)
      isCompact = try reader.value("compact", default: false)
      shrinkFactor = try reader.positive("shrink_factor", default: 2)
      divisor =
        try reader.value("normalization_factor", default: 1 as Float?) ?? Float(maskSize.h * maskSize.w)
      guard divisor != 0 else { throw reader.invalid("must not be 0", key: "normalization_factor") }
      usesSoftmax = try reader.value("psa_softmax", default: true)
      base = try DecodeHeadConfig(from: &reader)
      try reader.check(base.style.norm, channels: [base.inChannels])
    }
  }

  let reduce: ConvModule
  let attention: Sequential
  let reduceP: ConvModule?
  let attentionP: Sequential?
  let proj: ConvModule
  let bottleneck: ConvModule
  private let settings: Config

  init(_ config: Config, _ context: BuildContext) throws {
    settings = config
    let base = config.base
    let elements = config.maskSize.h * config.maskSize.w
    func reduction() -> ConvModule { base.convModule(base.inChannels, base.channels, kernel: 1) }
    func masks() -> Sequential {
      Sequential([
        base.convModule(base.channels, base.channels, kernel: 1),
        Conv2d(base.channels, elements, kernel: 1, bias: false),
      ])
    }
    reduce = reduction()
    attention = masks()
    let isTwofold = config.kind == .both
    reduceP = isTwofold ? reduction() : nil
    attentionP = isTwofold ? masks() : nil
    // The original pads this 1x1 convolution.
    proj = base.convModule(base.channels * (isTwofold ? 2 : 1), base.inChannels, kernel: 1, padding: 1)
    bottleneck = base.convModule(base.inChannels * 2, base.channels, kernel: 3)
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let x = try input(features)
    let (h, w, factor) = (x.shape[2], x.shape[3], settings.shrinkFactor)
    var (size, alignsCorners) = ([h, w], alignCorners)
    if factor != 1 {
      // As in the original, corners are aligned where neither side can be divided.
      alignsCorners = h % factor != 0 && w % factor != 0
      size = alignsCorners ? [(h - 1) / factor + 1, (w - 1) / factor + 1] : [h / factor, w / factor]
      guard size[0] > 0, size[1] > 0 else {
        throw InvalidConfig("PSAHead: a feature map of \(h)x\(w) is too small for shrink_factor \(factor)")
      }
    }
    guard !settings.isCompact || size[0] * size[1] == settings.maskSize.h * settings.maskSize.w else {
      throw InvalidConfig(
        "PSAHead: with compact, mask_size must be that of the shrunk feature map, \(size[0])x\(size[1]), "
          + "found \(settings.maskSize.h)x\(settings.maskSize.w)")
    }
    func spread(_ reduce: ConvModule, _ attention: Sequential, _ kind: PointwiseSpatialMask.Kind, turns: Bool)
      -> Tensor
    {
      let small = reduce(x).resized(to: size, alignCorners: alignsCorners)
      return aggregated(small, attention(small), kind, turns: turns)
    }
    var y: Tensor
    switch settings.kind {
    case .collect: y = spread(reduce, attention, .collect, turns: true)
    case .distribute: y = spread(reduce, attention, .distribute, turns: false)
    case .both:
      guard let reduceP, let attentionP else {
        preconditionFailure("PSAHead: two directions have two projections")
      }
      y = .concatenate(
        [
          spread(reduce, attention, .collect, turns: false),
          spread(reduceP, attentionP, .distribute, turns: true),
        ], axis: 1)
    }
    y = proj(y).resized(like: x, alignCorners: alignsCorners)
    return bottleneck(.concatenate([x, y], axis: 1))
  }

  /// - Parameter turns: whether compact masks are transposed.
  private func aggregated(
    _ x: Tensor, _ masks: Tensor, _ kind: PointwiseSpatialMask.Kind, turns: Bool
  ) -> Tensor {
    let (n, h, w) = (x.shape[0], x.shape[2], x.shape[3])
    var weights: Tensor
    if settings.isCompact {
      let rows = masks.reshaped([n, h * w, h * w])
      weights = turns ? rows.transposed() : rows
    } else {
      weights = PointwiseSpatialMask(size: settings.maskSize)(masks, kind)
    }
    if settings.usesSoftmax { weights = weights.softmax(1) }
    let y = weights.transposed().matmul(x.pixelRows).asImage(height: h, width: w)
    return settings.divisor == 1 ? y : y * (1 / settings.divisor)
  }
}
