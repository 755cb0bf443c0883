/// Joins neighbouring tokens into one: their channels side by side, a norm and a linear layer.
///
/// Mirrors mmcv's `PatchMerging`, which orders channels as `torch.nn.Unfold` does (all pixels of a channel together), and
/// with `reductionFirst` mmcls's own, in whose state the linear layer comes first.
///
/// - Input: tokens `[N, H · W, inChannels]` and `(H, W)`
/// - Output: tokens `[N, H' · W', outChannels]` and `(H', W')`.
public final class PatchMerging: Module {
  public struct Options: Sendable {
    public var kernel: Pair = 2
    /// `nil`: the kernel.
    public var stride: Pair?
    public var padding = PatchPadding.adaptive(.corner)
    public var dilation: Pair = 1
    public var bias = false
    public var norm: NormConfig? = NormConfig(.layerNorm)
    /// Whether the state lists the linear layer before the norm.
    public var reductionFirst = false
    /// Whether the norm stands behind the linear layer.
    public var isPostNorm = false

    public init() {}
  }

  let norm: (any NormLayer)?
  let reduction: Linear
  @Named var lateNorm: (any NormLayer)?
  private let options: Options
  private let stride: Pair
  private let padding: AdaptivePadding?
  public var outChannels: Int { reduction.outFeatures }

  public init(_ inChannels: Int, _ outChannels: Int, _ options: Options = Options()) {
    self.options = options
    stride = options.stride ?? options.kernel
    padding = options.padding.rule(kernel: options.kernel, stride: stride, dilation: options.dilation)
    let width = options.kernel.h * options.kernel.w * inChannels
    let norm = options.norm?.make(options.isPostNorm ? outChannels : width)
    self.norm = options.reductionFirst ? nil : norm
    reduction = Linear(width, outChannels, bias: options.bias)
    _lateNorm = Named("norm", options.reductionFirst ? norm : nil)
  }

  public func callAsFunction(_ x: Tensor, _ size: Pair) -> (tokens: Tensor, size: Pair) {
    let map = x.tokensAsMap(size)
    let (blocks, merged) = joined(padding?(map) ?? map)
    let norm = norm ?? lateNorm
    if options.isPostNorm {
      let y = reduction(blocks)
      return (norm?(y) ?? y, merged)
    }
    return (reduction(norm?(blocks) ?? blocks), merged)
  }

  /// The block of each place as one long token.
  private func joined(_ map: Tensor) -> (Tensor, Pair) {
    let (kernel, dilation, pad) = (options.kernel, options.dilation, options.padding.fixed)
    let (n, c, h, w) = (map.shape[0], map.shape[1], map.shape[2], map.shape[3])
    let merged = Pair(
      h: (h + 2 * pad.h - dilation.h * (kernel.h - 1) - 1) / stride.h + 1,
      w: (w + 2 * pad.w - dilation.w * (kernel.w - 1) - 1) / stride.w + 1)
    if kernel == stride, pad == 0, dilation == 1, h % kernel.h == 0, w % kernel.w == 0 {
      // Blocks that tile the map are one copy away.
      let blocks = map.channelsLast().permuted([0, 2, 3, 1])
        .reshaped([n, merged.h, kernel.h, merged.w, kernel.w, c]).permuted([0, 1, 3, 5, 2, 4])
        .reshaped([n, merged.h * merged.w, c * kernel.h * kernel.w])
      return (blocks, merged)
    }
    let columns = map.unfold(kernel, dilation: dilation, padding: pad, stride: stride)
    return (columns.transposed(1, 2), merged)
  }
}
