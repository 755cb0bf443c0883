/// What stands around an image when a kernel reaches beyond it.
public enum PaddingMode: String, Sendable, CaseIterable, ConfigDecodable {
  case zeros, reflect, replicate, circular
  /// As many zeros as it takes for `ceil(size / stride)` pixels, worked out for each image: TensorFlow's "SAME" and
  /// mmcv's `Conv2dAdaptivePadding`. An odd zero goes below and to the right.
  case same
}

/// Applies a 2-D cross-correlation over a batch of images.
///
/// Mirrors `torch.nn.Conv2d`, state-dict keys and first values included.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H', W']` with
///   `H' = (H + 2·padding.h − dilation.h·(kernel.h − 1) − 1) / stride.h + 1` (and `W'` alike).
///
/// Subclasses are the other layers that a `conv_cfg` can name.
public class Conv2d: Module, UnaryModule, Convolution2dLayer {
  /// `[outChannels, inChannels / groups, kernel.h, kernel.w]`
  public let weight: Parameter
  /// `[outChannels]`, or `nil` when the layer was made without one.
  public let bias: Parameter?
  public let inChannels: Int, outChannels: Int
  public let kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
  public let groups: Int
  public let paddingMode: PaddingMode

  public init(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1,
    groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
  ) {
    precondition(
      inChannels > 0 && outChannels > 0 && groups > 0 && inChannels % groups == 0
        && outChannels % groups == 0,
      "Conv2d: groups (\(groups)) must divide inChannels (\(inChannels)) and outChannels (\(outChannels))")
    precondition(
      kernel.h > 0 && kernel.w > 0, "Conv2d: a kernel of at least one row and column, found \(kernel)")
    (self.inChannels, self.outChannels, self.kernel, self.groups) = (inChannels, outChannels, kernel, groups)
    (self.stride, self.padding, self.dilation, self.paddingMode) = (stride, padding, dilation, paddingMode)
    weight = Parameter(.zeros([outChannels, inChannels / groups, kernel.h, kernel.w]))
    self.bias = bias ? Parameter(.zeros([outChannels])) : nil
    super.init()
    InitialValues.draw { initializeWeights(using: &$0) }
  }

  /// How the kernel slides over an image, where padding is zeros.
  func geometry(for x: Tensor) -> ConvolutionGeometry {
    guard paddingMode == .same else {
      return ConvolutionGeometry(
        stride: stride, padding: paddingMode == .zeros ? padding : 0, dilation: dilation, groups: groups)
    }
    func total(_ size: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
      max(((size + stride - 1) / stride - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    }
    let (h, w) = (
      total(x.shape[2], kernel.h, stride.h, dilation.h), total(x.shape[3], kernel.w, stride.w, dilation.w)
    )
    return ConvolutionGeometry(
      stride: stride, padding: Pair(h: h / 2, w: w / 2), endPadding: Pair(h: h - h / 2, w: w - w / 2),
      dilation: dilation, groups: groups)
  }

  /// The kernels that images meet: `weight`, unless a subclass derives them from it.
  var kernels: Tensor { weight.value }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    padded(x).conv2d(kernels, bias: bias?.value, geometry(for: x))
  }

  /// `activation(norm(conv(x)) + residual)`, with as few passes over memory as there can be.
  ///
  /// Where no gradient is recorded and the normalisation has fixed statistics, it is folded into weights and bias and all
  /// is one pass. Otherwise the convolution is followed by one pass that normalises, adds and activates.
  public func callAsFunction(
    _ x: Tensor, norm: (any NormLayer)?, residual: Tensor? = nil, activation: FusedActivation = .none
  ) -> Tensor {
    fused(x, norm: norm, residual: residual, activation: activation)
  }

  /// The image with its border, where that is not zeros.
  func padded(_ x: Tensor) -> Tensor {
    guard let mode = PadMode(paddingMode), padding != 0 else { return x }
    return x.pad2d(top: padding.h, bottom: padding.h, left: padding.w, right: padding.w, mode: mode)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    Init.linearDefault(weight, bias: bias, using: &generator)
  }
}

extension PadMode {
  /// `nil` for zeros, which convolutions read without a copy.
  fileprivate init?(_ mode: PaddingMode) {
    switch mode {
    case .zeros, .same: return nil
    case .reflect: self = .reflect
    case .replicate: self = .replicate
    case .circular: self = .circular
    }
  }
}
