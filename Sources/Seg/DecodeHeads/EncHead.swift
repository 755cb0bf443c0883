import Core

/// Scales channels by what the whole image looks like, and says which classes are in it.
///
/// Zhang et al., "Context Encoding", 2018 (<https://arxiv.org/abs/1803.08904>). Mirrors mmseg's `EncHead`.
final class EncHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var codes: Int
    /// Whether the classes in an image are learnt, too.
    var hasContextLoss: Bool
    var addsLateral: Bool
    var contextLoss: ConfigNodeBox

    init(from reader: inout ConfigReader) throws {
      codes = try reader.positive("num_codes", default: 32)
      hasContextLoss = try reader.value("use_se_loss", default: true)
      addsLateral = try reader.value("add_lateral", default: false)
      contextLoss = ConfigNodeBox(reader.node("loss_se_decode"), path: reader.path("loss_se_decode"))
      base = try DecodeHeadConfig(from: &reader, transform: .multipleSelect)
      guard base.style.norm?.isOfBatch ?? true else {
        throw reader.invalid("must be batch normalisation, which codes need as well", key: "norm_cfg")
      }
    }
  }

  let bottleneck: ConvModule
  let lateralConvs: ModuleList<ConvModule>?
  let fusion: ConvModule?
  let encModule: EncodingBlock
  let seLayer: Linear?
  private let contextLoss: (any SegmentationLoss)?

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    let (inputs, channels) = (base.inputChannels, base.channels)
    bottleneck = base.convModule(inputs[inputs.count - 1], channels, kernel: 3)
    lateralConvs =
      config.addsLateral
      ? ModuleList(inputs.dropLast().map { base.convModule($0, channels, kernel: 1) }) : nil
    fusion = config.addsLateral ? base.convModule(inputs.count * channels, channels, kernel: 3) : nil
    encModule = EncodingBlock(channels, codes: config.codes, base.style)
    seLayer = config.hasContextLoss ? Linear(channels, base.classes) : nil
    if config.hasContextLoss {
      contextLoss =
        try config.contextLoss.node.map {
          try context.registries.segmentationLosses.build($0, path: config.contextLoss.path, context: context)
        } ?? CrossEntropyLoss(usesSigmoid: true, lossWeight: 0.2)
    } else {
      contextLoss = nil
    }
    try super.init(base, context)
  }

  private func encoded(_ features: [Tensor]) throws -> (code: Tensor, map: Tensor) {
    let inputs = try selected(features)
    var x = bottleneck(inputs[inputs.count - 1])
    if let lateralConvs, let fusion {
      let laterals = zip(lateralConvs, inputs).map { $0($1).resized(like: x, alignCorners: alignCorners) }
      x = fusion(.concatenate([x] + laterals, axis: 1))
    }
    return encModule(x)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor { try encoded(features).map }

  override func losses(
    _ features: [Tensor], previous: Tensor?, labels: Tensor, _ settings: TrainSettings
  ) throws -> LossTerms {
    let (code, map) = try encoded(features)
    let scores = classify(map)
    var terms = try losses(of: scores, labels: labels)
    if let seLayer, let contextLoss { terms["loss_se"] = try contextLoss(seLayer(code), presence(labels)) }
    return terms
  }

  /// 1 for each class that an image has a pixel of: `[N, classes]`.
  private func presence(_ labels: Tensor) -> Tensor {
    let n = labels.shape[0]
    var found = [Int64](repeating: 0, count: n * classes)
    let values = labels.converted(to: .int64).elements(as: Int64.self)
    let pixels = values.count / max(1, n)
    for (index, label) in values.enumerated() where label >= 0 && label < Int64(classes) {
      found[index / pixels * classes + Int(label)] = 1
    }
    return Tensor(found, shape: [n, classes])
  }
}

/// Describes an image by how its pixels differ from learnt code words, and scales its channels by that.
///
/// Mirrors mmseg's `EncModule`.
final class EncodingBlock: Module {
  let encodingProject: ConvModule
  let encoding: Encoding
  let fc: Sequential

  init(_ channels: Int, codes: Int, _ style: ConvStyle) {
    encodingProject = style.make(channels, channels, kernel: 1)
    encoding = Encoding(channels, codes: codes, norm: style.norm ?? .batchNorm)
    fc = Sequential([Linear(channels, channels), Activation(.sigmoid)])
  }

  /// The description `[N, channels]` and the scaled map.
  func callAsFunction(_ x: Tensor) -> (code: Tensor, map: Tensor) {
    let code = encoding(encodingProject(x)).mean([1])
    let scale = fc(code).reshaped([x.shape[0], x.shape[1], 1, 1])
    return (code, (x + x * scale).relu())
  }

  /// Sums of the differences of pixels from each code word, weighted by how near they are, normalised.
  ///
  /// Keys are those of mmseg's `Sequential(Encoding, BatchNorm1d, ReLU)`.
  final class Encoding: Module {
    /// `[codes, channels]` and `[codes]`
    let words: CodeWords
    let norm: any NormLayer

    init(_ channels: Int, codes: Int, norm config: NormConfig) {
      var config = config
      config.kind = .batchNorm1d
      words = CodeWords(channels, codes: codes)
      norm = config.make(codes)
    }

    override var listsChildren: Bool { true }
    override var listedChildren: [(key: String, module: Module)] { [("0", words), ("1", norm)] }

    /// `[N, codes, channels]`
    func callAsFunction(_ x: Tensor) -> Tensor { norm(words(x)).relu() }
  }

  /// Mirrors mmseg's `Encoding`.
  final class CodeWords: Module {
    let codewords: Parameter
    let scale: Parameter

    init(_ channels: Int, codes: Int) {
      codewords = Parameter(.zeros([codes, channels]))
      scale = Parameter(.zeros([codes]))
      super.init()
      InitialValues.draw { initializeWeights(using: &$0) }
    }

    override func initializeWeights(using generator: inout RandomGenerator) {
      let bound = 1 / Double(codewords.count).squareRoot()
      Init.uniform(codewords, low: -bound, high: bound, using: &generator)
      Init.uniform(scale, low: -1, high: 0, using: &generator)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let rows = x.pixelRows
      let words = codewords.value
      // scale · |x - c|², without a difference for each pair.
      let squares = rows.squared().sum([2], keepingAxes: true) + words.squared().sum([1])
      let distances = squares - rows.matmul(words.transposed(), scale: 2)
      let weights = (distances * scale.value).softmax(2)
      let totals = weights.sum([1]).unsqueezed(2)
      return weights.transposed().matmul(rows) - totals * words
    }
  }
}

extension NormConfig {
  /// Whether statistics are over the samples of a batch.
  var isOfBatch: Bool { kind == .batchNorm || kind == .batchNorm1d }
}
