/// What the convolutions of a network have in common: its `conv_cfg`, `norm_cfg` and `act_cfg`.
public struct ConvStyle: Sendable {
  public var conv: ConvConfig
  public var norm: NormConfig?
  public var activation: ActivationConfig?

  public init(conv: ConvConfig = .plain, norm: NormConfig? = nil, activation: ActivationConfig? = nil) {
    (self.conv, self.norm, self.activation) = (conv, norm, activation)
  }

  /// Reads the three keys; `norm` and `activation` hold where theirs are missing.
  public init(from reader: inout ConfigReader, norm: NormConfig? = nil, activation: ActivationConfig? = nil)
    throws
  {
    conv = try reader.optional("conv_cfg") ?? .plain
    self.norm = try reader.value("norm_cfg", default: norm)
    self.activation = try reader.value("act_cfg", default: activation)
  }

  /// - Throws: `InvalidConfig` when there is no norm for one of these numbers of channels.
  public func check(channels: [Int]) throws { try norm?.check(channels: channels) }

  public func make(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1
  ) -> ConvModule {
    ConvModule(
      inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      conv: conv,
      norm: norm, activation: activation)
  }

  /// The same in two steps, or as one convolution.
  ///
  /// - Parameter isSeparable: whether it is a `DepthwiseSeparableConvModule`.
  public func make(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    isSeparable: Bool
  ) -> any UnaryModule {
    isSeparable
      ? DepthwiseSeparableConvModule(
        inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, style: self)
      : make(inChannels, outChannels, kernel: kernel, stride: stride, padding: padding)
  }
}
