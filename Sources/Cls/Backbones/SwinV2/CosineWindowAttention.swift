import Core
import Foundation

/// Attention within windows by the cosine between queries and keys, with biases that a small network makes of distances.
///
/// Liu et al., 2021, section 3 (<https://arxiv.org/abs/2111.09883>). Mirrors mmcls's `WindowMSAV2`.
///
/// - Input: tokens of a map, `[N, H · W, width]`; the output has the same shape.
final class CosineWindowAttention: Module {
  /// `[heads, 1, 1]`: logarithms of what cosines are multiplied by.
  let logitScale: Parameter
  let qBias: Parameter?
  let vBias: Parameter?
  /// `[1, 2 · window - 1, 2 · window - 1, 2]`: distances on a logarithmic scale.
  let relativeCoordsTable: Buffer
  /// `[window², window²]`: which distance a query and a key have.
  let relativePositionIndex: Buffer
  let cpbMlp: Sequential
  let qkv: Linear
  let proj: Linear
  /// The tables as they must be, whatever a checkpoint says.
  private let coordinates, index: Tensor
  private let heads: Int

  /// - Parameter trainedWindow: side of the windows of earlier training, by which distances are divided; 0: none.
  init(_ width: Int, heads: Int, window: Int, trainedWindow: Int) {
    self.heads = heads
    logitScale = Parameter(.full([heads, 1, 1], log(10)))
    qBias = Parameter(.zeros([width]))
    vBias = Parameter(.zeros([width]))
    coordinates = Self.coordinates(window, trainedWindow)
    index = Self.index(window)
    relativeCoordsTable = Buffer(Self.coordinates(window, trainedWindow))
    relativePositionIndex = Buffer(Self.index(window))
    cpbMlp = Sequential([Linear(2, 512), ReLU(), Linear(512, heads, bias: false)])
    qkv = Linear(width, 3 * width, bias: false)
    proj = Linear(width, width)
  }

  func callAsFunction(_ x: Tensor, _ layout: WindowLayout) -> Tensor {
    var linearBias: Tensor?
    if let qBias, let vBias {
      linearBias = Tensor.concatenate([qBias.value, Tensor.zeros(vBias.shape), vBias.value])
    }
    let packed = x.linear(qkv.weight.value, bias: linearBias)
    let tokens = layout.tokens
    let biases =
      (cpbMlp(coordinates).reshaped([-1, heads]).transposed(0, 1)
      .indexSelected(1, index.reshaped([-1])).sigmoid() * 16).reshaped([heads, tokens, tokens])
    return proj(
      Tensor.windowAttention(
        packed: normalized(packed), layout, heads: heads, bias: biases,
        padding: linearBias.map { normalized($0.reshaped([1, 1, -1])).reshaped([-1]) }, scale: 1))
  }

  /// Queries and keys `[N, L, 3 · heads · d]` of length 1, queries times the scale.
  private func normalized(_ packed: Tensor) -> Tensor {
    let (n, l, width) = (packed.shape[0], packed.shape[1], packed.shape[2] / 3)
    let parts = packed.split(2, sizes: [2 * width, width])
    let unit = parts[0].reshaped([n, l, 2, heads, width / heads]).l2Normalize(axis: -1)
    let scale = logitScale.value.clamped(max: Float(log(100.0))).exp().reshaped([1, heads, 1])
    let factors = Tensor.concatenate([scale, Tensor.ones([1, heads, 1])], axis: 0)
    return Tensor.concatenate([(unit * factors).reshaped([n, l, 2 * width]), parts[1]], axis: 2)
  }

  private static func coordinates(_ window: Int, _ trainedWindow: Int) -> Tensor {
    let span = Float((trainedWindow > 0 ? trainedWindow : window) - 1)
    let axis = ((1 - window)..<window).map { distance -> Float in
      let scaled = Float(distance) / span * 8
      let logarithm = log2(abs(scaled) + 1) / 3
      return scaled == 0 ? 0 : scaled < 0 ? -logarithm : logarithm
    }
    let values = axis.flatMap { y in axis.flatMap { [y, $0] } }
    return Tensor(values, shape: [1, axis.count, axis.count, 2])
  }

  private static func index(_ window: Int) -> Tensor {
    let count = window * window
    let values = (0..<(count * count)).map { pair -> Int64 in
      let (a, b) = (pair / count, pair % count)
      let (dy, dx) = (a / window - b / window, a % window - b % window)
      return Int64((dy + window - 1) * (2 * window - 1) + dx + window - 1)
    }
    return Tensor(values, shape: [count, count])
  }
}
