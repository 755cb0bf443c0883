/// Cuts images into patches and makes a token of each: a convolution whose stride is about its kernel, and perhaps a norm.
///
/// Mirrors mmcv's `PatchEmbed`: keys `projection` and `norm`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: tokens `[N, H' · W', width]`, row by row, and `(H', W')`.
public final class PatchEmbed: Module {
  public struct Options: Sendable {
    public var inChannels = 3
    public var kernel: Pair = 16
    /// `nil`: the kernel.
    public var stride: Pair?
    public var padding = PatchPadding.adaptive(.corner)
    public var dilation: Pair = 1
    public var bias = true
    public var norm: NormConfig?

    public init() {}
  }

  let projection: Conv2d
  let norm: (any NormLayer)?
  private let padding: AdaptivePadding?

  public init(_ width: Int, _ options: Options) {
    let stride = options.stride ?? options.kernel
    padding = options.padding.rule(kernel: options.kernel, stride: stride, dilation: options.dilation)
    projection = Conv2d(
      options.inChannels, width, kernel: options.kernel, stride: stride, padding: options.padding.fixed,
      dilation: options.dilation, bias: options.bias)
    norm = options.norm?.make(width)
  }

  public convenience init(
    _ inChannels: Int, _ width: Int, kernel: Pair, stride: Pair? = nil,
    padding: PatchPadding = .adaptive(.corner), norm: NormConfig? = nil
  ) {
    var options = Options()
    (options.inChannels, options.kernel, options.stride) = (inChannels, kernel, stride)
    (options.padding, options.norm) = (padding, norm)
    self.init(width, options)
  }

  public var stride: Pair { projection.stride }

  /// How many patches an image of `size` has.
  public func outputSize(_ size: Pair) -> Pair {
    let extra = padding?.amount(for: size) ?? 0
    let pad = projection.padding
    func count(_ size: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
      (size - dilation * (kernel - 1) - 1) / stride + 1
    }
    return Pair(
      h: count(
        size.h + extra.h + 2 * pad.h, projection.kernel.h, projection.stride.h, projection.dilation.h),
      w: count(
        size.w + extra.w + 2 * pad.w, projection.kernel.w, projection.stride.w, projection.dilation.w))
  }

  public func callAsFunction(_ x: Tensor) -> (tokens: Tensor, size: Pair) {
    let map = projection(padding?(x) ?? x)
    let tokens = map.mapAsTokens()
    return (norm?(tokens) ?? tokens, Pair(h: map.shape[2], w: map.shape[3]))
  }
}
