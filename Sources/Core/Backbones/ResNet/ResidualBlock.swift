/// What the blocks of a residual network have in common.
public struct ResidualBlockOptions: Sendable {
  /// How wide the middle of a block with groups is.
  public enum WidthRule: Sendable {
    /// `⌊groups · widthPerGroup · planes / baseChannels⌋`: mmcls's.
    case whole
    /// `⌊planes · (widthPerGroup / baseChannels)⌋ · groups`, the quotient as a float: mmdet's and mmseg's.
    case eachGroup
  }

  /// What stands in the middle of a bottleneck.
  public enum Middle: Sendable, Equatable {
    /// A 3x3 convolution.
    case convolution
    /// Res2Net: a 3x3 convolution for each of `scales - 1` parts, each of which is also given what the one before makes.
    /// The first block of a stage pools the last part, with stride 1 only if `poolsAlways`.
    case hierarchy(scales: Int, baseWidth: Int, poolsAlways: Bool)
    /// ResNeSt: `radix` convolutions whose results are weighted by attention; a stride is a pooling of its own if
    /// `poolsStride`.
    case splitAttention(radix: Int, reduction: Int, poolsStride: Bool)
  }

  public var middle = Middle.convolution
  /// Whether the block is the first of its stage.
  public var isFirst = true
  public var stride = 1
  public var dilation = 1
  public var style = ResNet.Style.pytorch
  public var conv = ConvConfig.plain
  public var norm = NormConfig.batchNorm
  public var activation = FusedActivation.relu
  /// How many times wider the output is than the middle.
  public var expansion = 1
  /// ResNeXt: groups of the 3x3 convolution, and channels a group for a first stage of `baseChannels`.
  public var groups = 1
  public var widthPerGroup = 4
  public var baseChannels = 64
  public var widthRule = WidthRule.whole
  /// Bottlenecks only: the 3x3 convolution, if it is deformable or switchable.
  public var deformable: ConvConfig?
  /// Bottlenecks only: channels of a map that is fed back into the block, if one is.
  public var feedbackChannels: Int?
  /// Bottlenecks only: layers behind the convolutions.
  public var plugins: [BlockPlugin] = []
  /// Bottlenecks only: channels for each one of their squeeze-and-excitation layer, if they have one.
  public var squeezeRatio: Int?
  /// Whether a shortcut with pooling has none where the stride is 1, as in mmcls; elsewhere one of 1x1 stays in its place.
  public var omitsIdlePooling = true
  /// The chance of skipping the branch in training.
  public var dropPath: Float = 0

  public init() {}

  /// Channels of the middle of a bottleneck that has `planes` of them without groups.
  public func middleChannels(_ planes: Int) -> Int {
    if case .hierarchy(let scales, let baseWidth, _) = middle {
      return scales * Int((Double(planes) * (Double(baseWidth) / Double(baseChannels))).rounded(.down))
    }
    guard groups != 1 else { return planes }
    switch widthRule {
    case .whole: return groups * widthPerGroup * planes / baseChannels
    case .eachGroup:
      return Int((Double(planes) * (Double(widthPerGroup) / Double(baseChannels))).rounded(.down)) * groups
    }
  }
}

/// A block of a residual network: `activation(branch(x) + shortcut(x))`.
public protocol ResidualBlock: UnaryModule {
  /// Sets the scale of the last norm of the branch to 0, so that the block starts as its shortcut.
  func zeroInitializeResidual()
  /// Puts the parts back that have the last word about their first values.
  func initializeOwnParts(using generator: inout RandomGenerator)
}

extension ResidualBlock {
  public func initializeOwnParts(using generator: inout RandomGenerator) {}
}
