import Core
import PyConfig

/// Improves the kernels that classify pixels, by what each of them finds in the image.
///
/// Zhang et al., "K-Net", 2021, section 3.2 (<https://arxiv.org/abs/2106.14855>). Mirrors mmseg's
/// `KernelUpdateHead` for kernels of one pixel, which are those that `IterativeDecodeHead` has.
public final class KernelUpdateHead: Module {
  struct Config: ConfigRecord {
    var heads: Int
    var maskLayers: Int
    var feedForwardChannels: Int
    var feedForwardLayers: Int
    var channels: Int
    var dropout: Float
    var activation: ActivationConfig
    var feedForwardActivation: ActivationConfig
    /// Of the convolution of features, where there is one.
    var transform: (kernel: Int, style: ConvStyle)?
    var hasFeedForward: Bool
    var gatherStride: Int
    var maskStride: Int
    var updator: KernelUpdator.Config
  }

  let attention: AttentionBlock
  let attentionNorm: any NormLayer
  let kernelUpdateConv: KernelUpdator
  let featTransform: ConvModule?
  let ffn: FeedForward?
  let ffnNorm: (any NormLayer)?
  let maskFcs: Sequential
  let fcMask: Linear
  /// Of features and kernels.
  let channels: Int
  private let gatherStride, maskStride: Int

  init(_ config: Config) {
    let channels = config.channels
    func norm() -> any NormLayer { NormConfig(.layerNorm).make(channels) }
    attention = AttentionBlock(channels, heads: config.heads, attentionDropout: config.dropout)
    attentionNorm = norm()
    kernelUpdateConv = KernelUpdator(config.updator)
    featTransform = config.transform.map { kernel, style in
      style.make(
        channels, channels, kernel: Pair(kernel), stride: Pair(config.gatherStride),
        padding: Pair(config.gatherStride / 2))
    }
    var options = FeedForward.Options()
    (options.layers, options.activation) = (config.feedForwardLayers, config.feedForwardActivation)
    options.dropout = config.dropout
    ffn = config.hasFeedForward ? FeedForward(channels, hidden: config.feedForwardChannels, options) : nil
    ffnNorm = config.hasFeedForward ? norm() : nil
    maskFcs = Sequential(
      (0..<config.maskLayers).flatMap { _ -> [any UnaryModule] in
        [Linear(channels, channels, bias: false), norm(), config.activation.make()]
      })
    fcMask = Linear(channels, channels)
    self.channels = channels
    (gatherStride, maskStride) = (config.gatherStride, config.maskStride)
  }

  /// - Parameters:
  ///   - features: `[N, channels, H, W]`.
  ///   - kernels: `[N, classes, channels]`.
  ///   - scores: of the stage before, `[N, classes, h, w]`.
  /// - Returns: scores, and kernels like those given.
  func callAsFunction(_ features: Tensor, kernels: Tensor, scores: Tensor) -> (
    scores: Tensor, kernels: Tensor
  ) {
    let x = featTransform.map { $0(features) } ?? features
    // What each class looks like here: pixels, weighted by how probable the class is.
    let weights = scores.resized(like: x, alignCorners: false).softmax(1)
    let found = weights.pixelRows.transposed().matmul(x.pixelRows)
    var updated = attentionNorm(attention(kernelUpdateConv(found, kernels)))
    if let ffn, let ffnNorm { updated = ffnNorm(ffn(updated)) }
    let masks = fcMask(maskFcs(updated))
    let seen = maskStride == 2 && gatherStride == 1 ? x.interpolate(scaleFactor: 0.5, mode: .bilinear) : x
    var result = seen.pixelRows.matmul(masks.transposed()).asImage(
      height: seen.shape[2], width: seen.shape[3])
    if maskStride == 2 { result = result.interpolate(scaleFactor: 2, mode: .bilinear) }
    return (result, updated)
  }
}

/// Mixes kernels with what they found, element by element, by gates. Mirrors mmseg's `KernelUpdator`.
final class KernelUpdator: Module {
  struct Config: ConfigRecord {
    var channels: Int
    var usesSigmoid: Bool
    var normalizesGate: Bool
    var activatesOutput: Bool
    var norm: NormConfig
    var activation: ActivationConfig

    init(from reader: inout ConfigReader) throws {
      let type: String = try reader.value("type")
      guard type == "KernelUpdator" else {
        throw reader.invalid("must be KernelUpdator, found '\(type)'", key: "type")
      }
      channels = try reader.positive("in_channels", default: 256)
      // Gates are applied to kernels as they are: other widths fit nowhere.
      for (key, standard) in [("feat_channels", 64), ("out_channels", channels)] {
        let number = try reader.positive(key, default: standard)
        guard number == channels else {
          throw reader.invalid("must be in_channels, \(channels), found \(number)", key: key)
        }
      }
      usesSigmoid = try reader.value("gate_sigmoid", default: true)
      normalizesGate = try reader.value("gate_norm_act", default: false)
      activatesOutput = try reader.value("activate_out", default: false)
      norm = try reader.value("norm_cfg", default: NormConfig(.layerNorm))
      guard norm.kind == .layerNorm else {
        throw reader.invalid("must be LN, which takes rows of features", key: "norm_cfg")
      }
      activation = try reader.value("act_cfg", default: .relu)
    }
  }

  let dynamicLayer: Linear
  let inputLayer: Linear
  let inputGate: Linear
  let updateGate: Linear
  let gateNorm: (any NormLayer)?
  let normIn: any NormLayer
  let normOut: any NormLayer
  let inputNormIn: any NormLayer
  let inputNormOut: any NormLayer
  let activation: any UnaryModule
  let fcLayer: Linear
  let fcNorm: any NormLayer
  private let config: Config

  init(_ config: Config) {
    self.config = config
    let channels = config.channels
    func norm() -> any NormLayer { config.norm.make(channels) }
    dynamicLayer = Linear(channels, 2 * channels)
    inputLayer = Linear(channels, 2 * channels)
    inputGate = Linear(channels, channels)
    updateGate = Linear(channels, channels)
    gateNorm = config.normalizesGate ? norm() : nil
    (normIn, normOut, inputNormIn, inputNormOut) = (norm(), norm(), norm(), norm())
    activation = config.activation.make()
    fcLayer = Linear(channels, channels)
    fcNorm = norm()
  }

  /// Both are `[N, classes, width]`, and so is the result; a width that is a multiple of the updator's channels is
  /// taken apart, as in the original.
  func callAsFunction(_ found: Tensor, _ kernels: Tensor) -> Tensor {
    let (n, channels) = (found.shape[0], config.channels)
    return updated(found.reshaped([n, -1, channels]), kernels.reshaped([n, -1, channels])).reshaped(
      found.shape)
  }

  private func updated(_ found: Tensor, _ kernels: Tensor) -> Tensor {
    let parameters = dynamicLayer(found).chunked(2, 2)
    let inputs = inputLayer(kernels).chunked(2, 2)
    var gate = inputs[0] * parameters[0]
    if let gateNorm { gate = activation(gateNorm(gate)) }
    var input = inputNormIn(inputGate(gate))
    var update = normIn(updateGate(gate))
    if config.usesSigmoid { (input, update) = (input.sigmoid(), update.sigmoid()) }
    var (fromFound, fromKernels) = (normOut(parameters[1]), inputNormOut(inputs[1]))
    if config.activatesOutput { (fromFound, fromKernels) = (activation(fromFound), activation(fromKernels)) }
    return activation(fcNorm(fcLayer(update * fromFound + input * fromKernels)))
  }
}

extension KernelUpdateHead.Config {
  init(from reader: inout ConfigReader) throws {
    channels = try reader.positive("in_channels", default: 256)
    let out = try reader.positive("out_channels", default: 256)
    guard out == channels else {
      throw reader.invalid("must be in_channels, \(channels), found \(out)", key: "out_channels")
    }
    _ = try reader.positive("num_classes", default: 150)
    heads = try reader.positive("num_heads", default: 8)
    guard channels % heads == 0 else {
      throw reader.invalid("must divide in_channels, \(channels), found \(heads)", key: "num_heads")
    }
    maskLayers = try reader.value("num_mask_fcs", default: 3)
    guard (0...64).contains(maskLayers) else {
      throw reader.invalid("must be in 0...64, found \(maskLayers)", key: "num_mask_fcs")
    }
    feedForwardLayers = try reader.value("num_ffn_fcs", default: 2)
    guard (2...64).contains(feedForwardLayers) else {
      throw reader.invalid("must be in 2...64, found \(feedForwardLayers)", key: "num_ffn_fcs")
    }
    feedForwardChannels = try reader.positive("feedforward_channels", default: 2048)
    dropout = try reader.value("dropout", default: 0)
    guard (0...1).contains(dropout) else {
      throw reader.invalid("must be in 0...1, found \(dropout)", key: "dropout")
    }
    activation = try reader.value("act_cfg", default: .relu)
    feedForwardActivation = try reader.value("ffn_act_cfg", default: .relu)
    let kernel = try reader.value("conv_kernel_size", default: 1)
    guard kernel == 1 else {
      throw reader.invalid(
        "must be 1: pixels are classified by 1x1 kernels, found \(kernel)", key: "conv_kernel_size")
    }
    if let node = reader.node("feat_transform_cfg"), !node.isNone {
      var inner = try ConfigReader(node, path: reader.path("feat_transform_cfg"))
      transform = (
        try inner.positive("kernel_size", default: 1), try ConvStyle(from: &inner, activation: .relu)
      )
      try inner.finish()
    }
    hasFeedForward = try reader.value("with_ffn", default: true)
    gatherStride = try reader.positive("feat_gather_stride", default: 1)
    maskStride = try reader.positive("mask_transform_stride", default: 1)
    // The original's own first values of this head are never asked for.
    _ = try reader.value("kernel_init", default: false)
    updator = try reader.value("kernel_updator_cfg")
    guard channels % updator.channels == 0 else {
      throw reader.invalid(
        "in_channels must divide \(channels), found \(updator.channels)", key: "kernel_updator_cfg")
    }
  }
}

extension Registries {
  /// Heads that update kernels.
  public var kernelUpdateHeads: Registry<KernelUpdateHead> {
    get { self[KernelUpdateHead.self, role: "kernel update head"] }
    set { self[KernelUpdateHead.self, role: "kernel update head"] = newValue }
  }
}
