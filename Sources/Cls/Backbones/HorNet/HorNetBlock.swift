import Core

/// How a HorNet block looks around.
enum HorNetFilter: Sendable {
  /// A convolution of single channels.
  case convolution(kernel: Int)
  /// A filter of the whole map, learnt for maps of this height and these frequencies.
  case global(Pair)
}

/// Products of features with those of their surroundings, one order after the other, with twice as many channels each.
///
/// Rao et al., 2022, section 3.1 (<https://arxiv.org/abs/2207.14284>). Mirrors mmcls's `gnConv`.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
final class RecursiveGatedConvolution: Module, UnaryModule {
  let projIn: Conv2d
  let dwconv: any UnaryModule
  let projOut: Conv2d
  let projs: ModuleList<Conv2d>
  private let widths: [Int]
  private let scale: Float

  init(_ channels: Int, order: Int, _ filter: HorNetFilter, scale: Float) {
    let widths = (0..<order).reversed().map { channels >> $0 }
    let sum = widths.reduce(0, +)
    (self.widths, self.scale) = (widths, scale)
    projIn = Conv2d(channels, 2 * channels, kernel: 1)
    switch filter {
    case .convolution(let kernel):
      dwconv = Conv2d(sum, sum, kernel: Pair(kernel), padding: Pair((kernel - 1) / 2), groups: sum)
    case .global(let size): dwconv = GlobalLocalFilter(sum, size)
    }
    projOut = Conv2d(channels, channels, kernel: 1)
    projs = ModuleList((0..<(order - 1)).map { Conv2d(widths[$0], widths[$0 + 1], kernel: 1) })
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let parts = projIn(x).split(1, sizes: [widths[0], widths.reduce(0, +)])
    let around = (dwconv(parts[1]) * scale).split(1, sizes: widths)
    var y = parts[0] * around[0]
    for (index, projection) in projs.enumerated() { y = projection(y) * around[index + 1] }
    return projOut(y)
  }
}

/// Recursive gated convolutions and two linear layers, each behind a norm, scaled and beside a shortcut.
final class HorNetBlock: Module, UnaryModule {
  let norm1: LayerNorm2d
  let gnconv: RecursiveGatedConvolution
  let norm2: LayerNorm
  let pwconv1: Linear
  let pwconv2: Linear
  let gamma1: LayerScale?
  let gamma2: LayerScale?
  let dropPath: DropPath

  init(
    _ channels: Int, order: Int, _ filter: HorNetFilter, scale: Float, dropPath: Float, hasLayerScale: Bool
  ) {
    norm1 = LayerNorm2d(channels, eps: 1e-6)
    gnconv = RecursiveGatedConvolution(channels, order: order, filter, scale: scale)
    norm2 = LayerNorm(channels, eps: 1e-6)
    pwconv1 = Linear(channels, 4 * channels)
    pwconv2 = Linear(4 * channels, channels)
    gamma1 = hasLayerScale ? LayerScale(channels, isMap: true) : nil
    gamma2 = hasLayerScale ? LayerScale(channels) : nil
    self.dropPath = DropPath(dropPath)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let gated = gnconv(norm1(x))
    let y = x + dropPath(gamma1?(gated) ?? gated)
    let tokens = pwconv2(pwconv1(norm2(y.mapAsTokens())).gelu())
    let map = (gamma2?(tokens) ?? tokens).tokensAsMap(Pair(h: y.shape[2], w: y.shape[3]))
    return y + dropPath(map)
  }
}
