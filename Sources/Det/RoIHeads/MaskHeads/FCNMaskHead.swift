import Core
import PyConfig

/// Predicts masks by convolutions: He et al., 2017, section 3 (<https://arxiv.org/abs/1703.06870>).
///
/// Mirrors mmdet's `FCNMaskHead`.
///
/// - Input: `[regions, inChannels, h, w]`
/// - Output: logits `[regions, classes, factor · h, factor · w]`
public class FCNMaskHead: Module, MaskHead {
  public struct Config: ConfigRecord, Sendable {
    public var convs, inChannels, kernel, channels, classes: Int
    public var isClassAgnostic: Bool
    /// `nil`: masks have the features' size.
    public var upsample: UpsampleLayer?
    public var factor: Int
    public var style: ConvStyle
    public var predictor: ConvPredictor
    public var loss: Component

    public init(from reader: inout ConfigReader) throws {
      convs = try reader.integer("num_convs", default: 4, in: 0...100)
      inChannels = try reader.integer("in_channels", default: 256, in: 1...(1 << 20))
      kernel = try reader.integer("conv_kernel_size", default: 3, in: 1...63)
      guard kernel % 2 == 1 else {
        throw reader.invalid("must be odd, found \(kernel)", key: "conv_kernel_size")
      }
      channels = try reader.integer("conv_out_channels", default: 256, in: 1...(1 << 20))
      classes = try reader.integer("num_classes", default: 80, in: 1...1_000_000)
      isClassAgnostic = try reader.value("class_agnostic", default: false)
      (upsample, factor) = (.deconvolution, 2)
      if let node = reader.node("upsample_cfg") {
        var inner = try ConfigReader(node, path: reader.path("upsample_cfg"))
        upsample = try UpsampleLayer(from: &inner)
        if upsample == .pixelShuffle {
          throw inner.invalid("must be None, 'deconv', 'nearest', 'bilinear' or 'carafe'", key: "type")
        }
        factor = upsample == nil ? 1 : try inner.integer("scale_factor", in: 1...64)
        if upsample == nil { inner.ignore("scale_factor") }
        try inner.finish()
      }
      style = ConvStyle(
        conv: try reader.optional("conv_cfg") ?? .plain, norm: try reader.optional("norm_cfg"),
        activation: .relu)
      predictor = try reader.value("predictor_cfg", default: .plain)
      loss = try reader.component(
        "loss_mask", default: ["type": "CrossEntropyLoss", "use_mask": true, "loss_weight": 1.0])
      if let initial = reader.node("init_cfg"), !initial.isNone {
        throw reader.invalid("must be None", key: "init_cfg")
      }
      // The original stores it without a use.
      reader.ignore("roi_feat_size")
      let (style, width) = (style, channels)
      try reader.checked { try style.check(channels: [width]) }
    }
  }

  let lossMask: any DetectionLoss
  let convs: Sequential
  let upsample: (any UnaryModule)?
  let convLogits: any UnaryModule
  let config: Config

  /// - Parameter convs: the first layers, where they are of another kind.
  public init(_ config: Config, _ context: BuildContext, convs other: Sequential? = nil) throws {
    self.config = config
    lossMask = try config.loss.build(context.registries.detectionLosses, context)
    convs =
      other
      ?? Sequential(
        (0..<config.convs).map {
          config.style.make(
            $0 == 0 ? config.inChannels : config.channels, config.channels, kernel: Pair(config.kernel),
            padding: Pair((config.kernel - 1) / 2))
        })
    let width = config.convs > 0 ? config.channels : config.inChannels
    if case .carafe(let options)? = config.upsample, width % options.groups != 0 {
      throw InvalidConfig("upsample_cfg.up_group must divide \(width) channels, found \(options.groups)")
    }
    upsample = config.upsample?.make(width, config.channels, factor: config.factor, kernel: config.factor)
    convLogits = config.predictor.make(
      config.upsample == .deconvolution ? config.channels : width, config.isClassAgnostic ? 1 : config.classes
    )
  }

  public var classes: Int { config.classes }

  func convolved(_ x: Tensor) -> Tensor { convs(x) }

  /// What the last layer sees.
  func upsampled(_ x: Tensor) -> Tensor {
    guard let upsample else { return x }
    return config.upsample == .deconvolution ? upsample(x).relu() : upsample(x)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { convLogits(upsampled(convolved(x))) }

  public func logits(_ x: Tensor, of labels: [Int]) -> Tensor { ownLogits(upsampled(convolved(x)), labels) }

  /// The last layer, of one class a region.
  func ownLogits(_ x: Tensor, _ labels: [Int]) -> Tensor {
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    precondition(
      labels.count == n && labels.allSatisfy { (0..<classes).contains($0) },
      "FCNMaskHead.logits: a class for each of \(n) regions")
    guard let conv = convLogits as? Conv2d, !config.isClassAgnostic, n > 0 else {
      let all = convLogits(x)
      if config.isClassAgnostic || n == 0 { return all.sliced(1, 0..<1).reshaped([n, h, w]) }
      return all.reshaped([n * classes, h, w]).indexSelected(0, labels.enumerated().map { $0 * classes + $1 })
    }
    // Of all classes' kernels only the region's own is worked out: a product of each pixel with one vector.
    let kernels = conv.weight.value.reshaped([classes, c]).indexSelected(0, labels).unsqueezed(2)
    var own = x.permuted([0, 2, 3, 1]).reshaped([n, h * w, c]).bmm(kernels)
    if let bias = conv.bias { own = own + bias.value.indexSelected(0, labels).reshaped([n, 1, 1]) }
    return own.reshaped([n, h, w])
  }

  public func losses(own logits: Tensor, targets: Tensor) throws -> LossTerms {
    try maskLosses(lossMask, own: logits, targets: targets)
  }

  /// He's rule for the last two layers too.
  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    if let layer = upsample as? ConvTranspose2d {
      Init.kaiming(layer.weight, using: &generator)
      layer.bias?.value.fillInPlace(0)
    }
    if let layer = convLogits as? Conv2d {
      Init.kaiming(layer.weight, using: &generator)
      layer.bias?.value.fillInPlace(0)
    } else if let layer = convLogits as? NormedConv2d {
      Init.kaiming(layer.weight, using: &generator)
      layer.bias.value.fillInPlace(0)
    }
  }
}
