import Core

/// Each pixel sees what the classes look like in this image, by the scores of the head before.
///
/// Yuan et al., "Object-Contextual Representations", 2019 (<https://arxiv.org/abs/1909.11065>). Mirrors mmseg's
/// `OCRHead`: the second head of a cascade.
final class OCRHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var contextChannels: Int
    /// What scores are multiplied by before the softmax over pixels.
    var scale: Float

    init(from reader: inout ConfigReader) throws {
      contextChannels = try reader.positive("ocr_channels")
      scale = try reader.value("scale", default: 1)
      // The original fails in its first pass with a larger one: it resizes queries to no size.
      guard scale <= 1 else { throw reader.invalid("must be at most 1, found \(scale)", key: "scale") }
      base = try DecodeHeadConfig(from: &reader)
      try reader.check(base.style.norm, channels: [contextChannels])
    }
  }

  /// Attention of pixels to the classes.
  final class ObjectAttentionBlock: SelfAttentionBlock {
    let bottleneck: ConvModule

    init(_ inChannels: Int, _ channels: Int, _ style: ConvStyle) {
      bottleneck = style.make(inChannels * 2, inChannels, kernel: 1)
      var options = Options(
        keyChannels: inChannels, queryChannels: inChannels, channels: channels, outChannels: inChannels)
      (options.projections, options.normalizesValueAndOut, options.style) = (2, true, style)
      super.init(options)
    }

    func callAsFunction(_ x: Tensor, _ classes: Tensor) -> Tensor {
      bottleneck(.concatenate([attend(x, classes), x], axis: 1))
    }
  }

  let objectContextBlock: ObjectAttentionBlock
  let bottleneck: ConvModule
  private let scale: Float

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    objectContextBlock = ObjectAttentionBlock(base.channels, config.contextChannels, base.style)
    bottleneck = base.convModule(base.inChannels, base.channels, kernel: 3)
    scale = config.scale
    try super.init(base, context)
  }

  private func scores(_ features: [Tensor], _ previous: Tensor?) throws -> Tensor {
    guard let previous else {
      throw InvalidConfig("OCRHead must be behind another head, in a CascadeEncoderDecoder")
    }
    let x = bottleneck(try input(features))
    guard previous.shape[2...] == x.shape[2...] else {
      throw InvalidConfig(
        "OCRHead: the scores of the head before must have the size of its features, \(x.shape), found \(previous.shape)"
      )
    }
    // What each class looks like: the mean of the pixels, weighted by the softmax over them.
    let weights = previous.pixelRows.transposed()
    let classes = (scale == 1 ? weights : weights * scale).softmax(2).matmul(x.pixelRows)
    return classify(objectContextBlock(x, classes.asImage(height: classes.shape[1], width: 1)))
  }

  override func predict(_ features: [Tensor], previous: Tensor?, _ settings: TestSettings) throws -> Tensor {
    try scores(features, previous)
  }

  override func losses(
    _ features: [Tensor], previous: Tensor?, labels: Tensor, _ settings: TrainSettings
  ) throws -> LossTerms {
    try losses(of: scores(features, previous), labels: labels)
  }
}
