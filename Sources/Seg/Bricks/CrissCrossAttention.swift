import Core

/// Attention of each pixel to those of its row and its column.
///
/// Huang et al., "CCNet", 2018 (<https://arxiv.org/abs/1811.11721>). Mirrors mmcv's `CrissCrossAttention`.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
final class CrissCrossAttention: Module, UnaryModule {
  let queryConv: Conv2d
  let keyConv: Conv2d
  let valueConv: Conv2d
  let gamma: Scale

  /// - Precondition: at least 8 channels.
  init(_ channels: Int) {
    queryConv = Conv2d(channels, channels / 8, kernel: 1)
    keyConv = Conv2d(channels, channels / 8, kernel: 1)
    valueConv = Conv2d(channels, channels, kernel: 1)
    gamma = Scale(0)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let (h, w) = (x.shape[2], x.shape[3])
    // [N, H, W, C], and [N, W, H, C] along columns.
    func rows(_ x: Tensor) -> Tensor { x.permuted([0, 2, 3, 1]) }
    func columns(_ x: Tensor) -> Tensor { x.permuted([0, 3, 2, 1]) }
    let (query, key, value) = (queryConv(x), keyConv(x), valueConv(x))
    // A pixel would see itself twice; in its column it does not.
    let diagonal = (0..<h * h).map { $0 / h == $0 % h ? -Float.infinity : 0 }
    let alongColumn = (columns(query).matmul(columns(key).transposed()) + Tensor(diagonal, shape: [h, h]))
      .transposed(1, 2)
    let alongRow = rows(query).matmul(rows(key).transposed())
    let weights = Tensor.concatenate([alongColumn, alongRow], axis: 3).softmax(3)
    let fromColumn = weights.sliced(3, 0..<h).transposed(1, 2).matmul(columns(value)).transposed(1, 2)
    let fromRow = weights.sliced(3, h..<(h + w)).matmul(rows(value))
    return gamma((fromColumn + fromRow).permuted([0, 3, 1, 2])) + x
  }
}
