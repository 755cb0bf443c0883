/// A bottleneck whose middle is split into parts that see more and more of the image.
///
/// Gao et al., "Res2Net", 2019, fig. 2 (<https://arxiv.org/abs/1904.01169>).
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H / stride, W / stride]`
public final class Bottle2neck: Module, ResidualBlock {
  let conv1: Conv2d
  @Named var norm1: any NormLayer
  let conv3: Conv2d
  @Named var norm3: any NormLayer
  let downsample: Sequential?
  private let plugins: BlockPlugins?
  private let parts: Parts
  private let pool: AvgPool2d?
  private let isFirst: Bool
  private let activation: FusedActivation

  /// The convolutions of the parts and their norms. No module itself: its lists come behind the plugins.
  private final class Parts {
    let convs: ModuleList<Conv2d>
    let norms: Sequential
    let pairs: [(conv: Conv2d, norm: any NormLayer)]

    init(_ pairs: [(conv: Conv2d, norm: any NormLayer)]) {
      self.pairs = pairs
      convs = ModuleList(pairs.map(\.conv))
      norms = Sequential(pairs.map(\.norm))
    }
  }

  init(
    _ inChannels: Int, _ outChannels: Int, scales: Int, poolsAlways: Bool, downsample: Sequential?,
    _ options: ResidualBlockOptions
  ) {
    let middle = options.middleChannels(outChannels / options.expansion)
    let width = middle / scales
    let (stride1, stride2) = options.style == .pytorch ? (1, options.stride) : (options.stride, 1)
    conv1 = options.conv.make(inChannels, middle, kernel: 1, stride: Pair(stride1), bias: false)
    _norm1 = options.norm.named(middle, suffix: "1")
    conv3 = options.conv.make(middle, outChannels, kernel: 1, bias: false)
    _norm3 = options.norm.named(outChannels, suffix: "3")
    self.downsample = downsample
    plugins =
      options.plugins.isEmpty ? nil : BlockPlugins(options.plugins, middle: middle, output: outChannels)
    parts = Parts(
      (1..<scales).map { _ in
        (
          (options.deformable ?? options.conv).make(
            width, width, kernel: 3, stride: Pair(stride2), padding: Pair(options.dilation),
            dilation: Pair(options.dilation), bias: false), options.norm.make(width)
        )
      })
    isFirst = options.isFirst
    pool =
      options.isFirst && (poolsAlways || stride2 != 1) ? AvgPool2d(3, stride: Pair(stride2), padding: 1) : nil
    activation = options.activation
  }

  public override var listedChildren: [(key: String, module: Module)] {
    (plugins?.children ?? []) + [("convs", parts.convs), ("bns", parts.norms)]
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let shortcut = downsample.map { $0(x) } ?? x
    let y = conv1(x, norm: norm1, activation: activation)
    let pieces = y.chunked(1, parts.pairs.count + 1)
    var results: [Tensor] = []
    for (piece, part) in zip(pieces, parts.pairs) {
      // The first block of a stage changes the size, so that its parts do not fit each other.
      let input = isFirst ? piece : results.last.map { $0 + piece } ?? piece
      results.append(part.conv(input, norm: part.norm, activation: activation))
    }
    let last = pieces[pieces.count - 1]
    results.append(pool.map { $0(last) } ?? last)
    let joined = Tensor.concatenate(results, axis: 1)
    guard let plugins else { return conv3(joined, norm: norm3, residual: shortcut, activation: activation) }
    return (plugins(conv3(joined, norm: norm3), .afterConv3) + shortcut).activated(activation)
  }

  public func zeroInitializeResidual() { norm3.resetAffine(weight: 0) }
}
