import Core
import Foundation

/// Half of the channels through a 3x3 convolution, the other half through a learnt filter of the whole map, which multiplies
/// its Fourier transform.
///
/// Rao et al., 2022, section 3.2 (<https://arxiv.org/abs/2207.14284>). Mirrors mmcls's `GlobalLocalFilter`.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
final class GlobalLocalFilter: Module, UnaryModule {
  /// `[channels / 2, h, w, 2]`: real and imaginary parts.
  let complexWeight: Parameter
  let dw: Conv2d
  let preNorm: LayerNorm2d
  let postNorm: LayerNorm2d

  init(_ channels: Int, _ size: Pair) {
    complexWeight = Parameter(.zeros([channels / 2, size.h, size.w, 2]))
    dw = Conv2d(channels / 2, channels / 2, kernel: 3, padding: 1, groups: channels / 2, bias: false)
    preNorm = LayerNorm2d(channels, eps: 1e-6)
    postNorm = LayerNorm2d(channels, eps: 1e-6)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let halves = preNorm(x).chunked(1, 2)
    let (local, global) = (dw(halves[0]), filtered(halves[1]))
    // Channels of both take turns.
    let shape = local.shape
    let joined = Tensor.concatenate(
      [local.contiguous().unsqueezed(2), global.contiguous().unsqueezed(2)], axis: 2)
    return postNorm(joined.reshaped([shape[0], 2 * shape[1], shape[2], shape[3]]))
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    Init.normal(complexWeight, standardDeviation: 0.02, using: &generator)
  }

  /// The inverse transform of the product of the transform and the weight, all with factors `1 / √(h · w)`.
  private func filtered(_ x: Tensor) -> Tensor {
    let (h, w) = (x.shape[2], x.shape[3])
    let half = w / 2 + 1
    var weight = complexWeight.value
    if weight.shape[1] != h || weight.shape[2] != half {
      weight = weight.permuted([3, 0, 1, 2])
        .interpolate(size: Pair(h: h, w: half), mode: .bilinear, alignCorners: true).permuted([1, 2, 3, 0])
    }
    let weightParts = (weight.selected(3, 0).contiguous(), weight.selected(3, 1).contiguous())
    // 1. Along rows, whose transform has one half only, then along columns.
    let rows = Waves(count: w, frequencies: half)
    let columns = Waves(count: h, frequencies: h)
    let source = x.contiguous()
    let row = (source.matmul(rows.cosines.transposed()), -(source.matmul(rows.sines.transposed())))
    let real = columns.cosines.matmul(row.0) + columns.sines.matmul(row.1)
    let imaginary = columns.cosines.matmul(row.1) - columns.sines.matmul(row.0)
    // 2. The filter.
    let product = (
      real * weightParts.0 - imaginary * weightParts.1, real * weightParts.1 + imaginary * weightParts.0
    )
    // 3. Back along columns, then along rows, where frequencies but the first and a middle one stand for two.
    let back = (
      columns.cosines.transposed().matmul(product.0) - columns.sines.transposed().matmul(product.1),
      columns.cosines.transposed().matmul(product.1) + columns.sines.transposed().matmul(product.0)
    )
    let shares = Tensor((0..<half).map { $0 == 0 || 2 * $0 == w ? Float(1) : 2 })
    return (back.0 * shares).matmul(rows.cosines) - (back.1 * shares).matmul(rows.sines)
  }
}

/// Cosines and sines of `2π · frequency · place / count`, divided by `√count`: `[frequencies, count]`.
private struct Waves {
  let cosines, sines: Tensor

  init(count: Int, frequencies: Int) {
    let angles = (0..<frequencies).flatMap { frequency in
      (0..<count).map { 2 * Double.pi * Double(frequency * $0 % count) / Double(count) }
    }
    let scale = 1 / Double(count).squareRoot()
    cosines = Tensor(angles.map { Float(cos($0) * scale) }, shape: [frequencies, count])
    sines = Tensor(angles.map { Float(sin($0) * scale) }, shape: [frequencies, count])
  }
}
