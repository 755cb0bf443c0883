import Core
import PyConfig

/// Classifies single points anew, those of which the head before is least certain.
///
/// Kirillov et al., "PointRend", 2019 (<https://arxiv.org/abs/1912.08193>). Mirrors mmseg's `PointHead`: the second
/// head of a cascade.
final class PointHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var layers: Int
    /// Whether each layer sees the scores of the head before.
    var repeatsScores: Bool

    init(from reader: inout ConfigReader) throws {
      layers = try reader.value("num_fcs", default: 3)
      guard (0...64).contains(layers) else {
        throw reader.invalid("must be in 0...64, found \(layers)", key: "num_fcs")
      }
      repeatsScores = try reader.value("coarse_pred_each_layer", default: true)
      if let conv = reader.node("conv_cfg"), !conv.isNone, conv["type"]?.string != "Conv1d" {
        throw reader.invalid("must be Conv1d: the layers are those of points", key: "conv_cfg")
      }
      base = try DecodeHeadConfig(
        from: &reader, transform: .multipleSelect,
        initialization: [
          InitConfig(
            .normal(mean: 0, std: 0.01), overrides: [("fc_seg", InitConfig(.normal(mean: 0, std: 0.01)))])
        ])
      guard base.style.norm?.kind ?? .batchNorm1d == .batchNorm1d else {
        throw reader.invalid("must be BN1d: the layers are those of points", key: "norm_cfg")
      }
    }
  }

  let fcs: ModuleList<PointLayer>
  let fcSeg: PointConvolution
  private let repeatsScores: Bool

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    var channels = base.inputChannels.reduce(base.classes, +)
    fcs = ModuleList(
      (0..<config.layers).map { _ in
        defer { channels = base.channels + (config.repeatsScores ? base.classes : 0) }
        return PointLayer(channels, base.channels, base.style)
      })
    fcSeg = PointConvolution(channels, base.classes)
    repeatsScores = config.repeatsScores
    try super.init(base, context, classifiesPixels: false)
  }

  // MARK: - Scores of points

  /// Scores `[N, P, classes]` of points `[N, P, 2]`.
  private func scores(_ maps: [Tensor], _ previous: Tensor, at points: Tensor) -> Tensor {
    func sampled(_ map: Tensor) -> Tensor { map.sampled(at: points, alignCorners: alignCorners) }
    let coarse = sampled(previous)
    var x = Tensor.concatenate(maps.map(sampled) + [coarse], axis: 2)
    for layer in fcs {
      x = layer(x)
      if repeatsScores { x = .concatenate([x, coarse], axis: 2) }
    }
    // Single numbers are dropped here, not whole maps.
    if isTraining && config.dropout > 0 { x = x.dropout(config.dropout) }
    return fcSeg(x)
  }

  private func checked(_ features: [Tensor], _ previous: Tensor?) throws -> (maps: [Tensor], previous: Tensor)
  {
    guard let previous else {
      throw InvalidConfig("PointHead must be behind another head, in a CascadeEncoderDecoder")
    }
    guard previous.shape[1] == classes else {
      throw InvalidConfig(
        "PointHead: num_classes must be that of the head before, \(previous.shape[1]), found \(classes)")
    }
    return (try selected(features), previous)
  }

  // MARK: - Testing

  override func predict(_ features: [Tensor], previous: Tensor?, _ settings: TestSettings) throws -> Tensor {
    guard let steps = settings.subdivisionSteps, let count = settings.subdivisionPoints,
      let factor = settings.scale
    else {
      throw InvalidConfig(
        "PointHead needs subdivision_steps, subdivision_num_points and scale_factor in test_cfg")
    }
    let (maps, coarse) = try checked(features, previous)
    var refined = coarse
    for _ in 0..<steps {
      refined = refined.interpolate(
        scaleFactor: ScaleFactor(factor), mode: .bilinear, alignCorners: alignCorners)
      let (n, h, w) = (refined.shape[0], refined.shape[2], refined.shape[3])
      let chosen = min(h * w, count)
      guard chosen > 0 else { continue }
      let uncertainty = PointSampling.uncertainty(refined.pixelRows)
      let indices = uncertainty.topK(chosen, axis: 1).indices
      let points = PointSampling.centres(indices, height: h, width: w)
      let rows = refined.pixelRows.scattered(
        1, indices.unsqueezed(2).expanded(to: [n, chosen, classes]), scores(maps, coarse, at: points))
      refined = rows.asImage(height: h, width: w)
    }
    return refined
  }

  // MARK: - Training

  override func losses(
    _ features: [Tensor], previous: Tensor?, labels: Tensor, _ settings: TrainSettings
  ) throws -> LossTerms {
    let (_, coarse) = try checked(features, previous)
    let points = try withoutGradient { try PointSampling.trainingPoints(coarse.detached(), settings) }
    return try losses(features, previous: previous, labels: labels, at: points)
  }

  /// The losses at given points, `[N, P, 2]`.
  func losses(_ features: [Tensor], previous: Tensor?, labels: Tensor, at points: Tensor) throws -> LossTerms
  {
    let (maps, coarse) = try checked(features, previous)
    let scores = scores(maps, coarse, at: points).transposed()
    let classes = withoutGradient {
      labels.converted(to: .float32).sampled(at: points, mode: .nearest, alignCorners: alignCorners)
        .squeezed(2).converted(to: .int64)
    }
    var terms = LossTerms()
    for loss in lossFunctions {
      terms["point" + loss.name] = try loss(scores, classes, ignored: config.ignored)
    }
    terms["acc_point"] = PixelLabels.accuracy(scores, classes, ignored: config.ignored)
    return terms
  }
}

/// A 1x1 convolution over points, whose weight has PyTorch's shape for `Conv1d`.
///
/// - Input: `[N, P, inChannels]`
/// - Output: `[N, P, outChannels]`
final class PointConvolution: Module {
  /// `[outChannels, inChannels, 1]`
  let weight: Parameter
  let bias: Parameter?

  init(_ inChannels: Int, _ outChannels: Int, bias: Bool = true) {
    weight = Parameter(.zeros([outChannels, inChannels, 1]))
    self.bias = bias ? Parameter(.zeros([outChannels])) : nil
    super.init()
    InitialValues.draw { initializeWeights(using: &$0) }
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    Init.linearDefault(weight, bias: bias, using: &generator)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight.value.squeezed(2), bias: bias?.value) }
}

/// A `ConvModule` over points.
final class PointLayer: Module {
  let conv: PointConvolution
  @Named var norm: (any NormLayer)?
  private let activate: (any UnaryModule)?

  init(_ inChannels: Int, _ outChannels: Int, _ style: ConvStyle) {
    conv = PointConvolution(inChannels, outChannels, bias: style.norm == nil)
    _norm = Named("bn", style.norm?.make(outChannels))
    activate = style.activation?.make()
    super.init()
    InitialValues.draw { initializeWeights(using: &$0) }
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    Init.kaiming(conv.weight, using: &generator)
    if let bias = conv.bias { Init.constant(bias, 0) }
    norm?.resetAffine()
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var y = conv(x)
    if let norm { y = norm(y.transposed()).transposed() }
    return activate.map { $0(y) } ?? y
  }
}
