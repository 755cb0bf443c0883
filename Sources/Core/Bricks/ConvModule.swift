/// A convolution with its normalisation and activation.
///
/// Mirrors mmcv's `ConvModule`: keys `conv` and `bn` (or `gn`, ...), no convolution bias before a norm unless asked for,
/// `order` of the three parts. When no gradient is recorded the three run as one kernel.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H', W']`
public final class ConvModule: Module, UnaryModule {
  public enum Part: String, Sendable, CaseIterable, ConfigDecodable {
    case conv, norm, act
  }

  /// Everything but the channels.
  public struct Options: Sendable {
    public var stride: Pair = 1
    public var padding: Pair = 0
    public var dilation: Pair = 1
    public var groups = 1
    /// `nil`: only where there is no norm.
    public var bias: Bool?
    public var conv = ConvConfig.plain
    public var norm: NormConfig?
    public var activation: ActivationConfig? = .relu
    public var paddingMode = PaddingMode.zeros
    public var order: [Part] = [.conv, .norm, .act]

    public init() {}
  }

  public let conv: Conv2d
  @Named public var norm: (any NormLayer)?
  private let activate: (any UnaryModule)?
  private let activation: ActivationConfig?
  private let order: [Part]

  public init(_ inChannels: Int, _ outChannels: Int, kernel: Pair, _ options: Options) {
    conv = options.conv.make(
      inChannels, outChannels, kernel: kernel, stride: options.stride, padding: options.padding,
      dilation: options.dilation, groups: options.groups, bias: options.bias ?? (options.norm == nil),
      paddingMode: options.paddingMode)
    let normFollows = options.order.firstIndex(of: .norm) ?? 1 > options.order.firstIndex(of: .conv) ?? 0
    _norm = Named(
      options.norm?.abbreviation ?? "norm", options.norm?.make(normFollows ? outChannels : inChannels))
    activate = options.activation?.make()
    (activation, order) = (options.activation, options.order)
    super.init()
    InitialValues.draw { initializeWeights(using: &$0) }
  }

  /// With the convolution of another module and a norm of its own; activation and order are the other's.
  public init(sharing other: ConvModule, norm: NormConfig?) {
    conv = other.conv
    _norm = Named(norm?.abbreviation ?? "norm", norm?.make(other.conv.outChannels))
    (activate, activation, order) = (other.activate, other.activation, other.order)
  }

  /// With the options most often given written out.
  public convenience init(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1,
    groups: Int = 1, bias: Bool? = nil, conv: ConvConfig = .plain, norm: NormConfig? = nil,
    activation: ActivationConfig? = .relu
  ) {
    var options = Options()
    (options.stride, options.padding, options.dilation, options.groups) = (stride, padding, dilation, groups)
    (options.bias, options.conv, options.norm, options.activation) = (bias, conv, norm, activation)
    self.init(inChannels, outChannels, kernel: kernel, options)
  }

  /// mmcv's rule: Kaiming for the convolution, 1 and 0 for the norm.
  public override func initializeWeights(using generator: inout RandomGenerator) {
    if conv is ModulatedDeformConv2dPack || conv is SAConv2d {
      // These have a rule of their own.
      conv.initializeWeights(using: &generator)
    } else if case .function(.leakyReLU(let slope))? = activation {
      Init.kaiming(conv.weight, a: Double(slope), nonlinearity: .leakyReLU, using: &generator)
    } else {
      Init.kaiming(conv.weight, using: &generator)
    }
    if let bias = conv.bias { Init.constant(bias, 0) }
    norm?.resetAffine()
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { callAsFunction(x, activates: true) }

  /// Without the activation where `activates` is false.
  public func callAsFunction(_ x: Tensor, activates: Bool) -> Tensor {
    if order == [.conv, .norm, .act] {
      if !activates || activation == nil { return conv(x, norm: norm) }
      if let fused = activation?.fused { return conv(x, norm: norm, activation: fused) }
    }
    var x = x
    for part in order {
      switch part {
      case .conv: x = conv(x)
      case .norm: if let norm { x = norm(x) }
      case .act: if activates, let activate { x = activate(x) }
      }
    }
    return x
  }
}
