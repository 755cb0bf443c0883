/// What the blocks of a residual network have in common.
public struct ResidualBlockOptions: Sendable {
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
  /// Bottlenecks only: channels for each one of their squeeze-and-excitation layer, if they have one.
  public var squeezeRatio: Int?
  /// The chance of skipping the branch in training.
  public var dropPath: Float = 0

  public init() {}
}

/// A block of a residual network: `activation(branch(x) + shortcut(x))`.
public protocol ResidualBlock: UnaryModule {
  /// Sets the scale of the last norm of the branch to 0, so that the block starts as its shortcut.
  func zeroInitializeResidual()
}
