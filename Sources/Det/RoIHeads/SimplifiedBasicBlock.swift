import Core

/// Two 3x3 convolutions, added to what comes in, without an activation behind.
///
/// Vu et al., 2020 (<https://arxiv.org/abs/2012.10150>). Mirrors mmdet's `SimplifiedBasicBlock`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H, W]`
final class SimplifiedBasicBlock: Module, UnaryModule {
  let conv1: Conv2d
  @Named var norm1: (any NormLayer)?
  let conv2: Conv2d
  @Named var norm2: (any NormLayer)?
  let downsample: Sequential?

  init(_ inChannels: Int, _ outChannels: Int, style: ConvStyle) {
    let bias = style.norm == nil
    conv1 = style.conv.make(inChannels, outChannels, kernel: 3, padding: 1, bias: bias)
    _norm1 = Named("\(style.norm?.abbreviation ?? "norm")1", style.norm?.make(outChannels))
    conv2 = style.conv.make(outChannels, outChannels, kernel: 3, padding: 1, bias: bias)
    _norm2 = Named("\(style.norm?.abbreviation ?? "norm")2", style.norm?.make(outChannels))
    if inChannels != outChannels, let norm = style.norm {
      downsample = Sequential([
        style.conv.make(inChannels, outChannels, kernel: 1, bias: false), norm.make(outChannels),
      ])
    } else {
      downsample = nil
    }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = conv1(x, norm: norm1, activation: .relu)
    return conv2(y, norm: norm2, residual: downsample.map { $0(x) } ?? x)
  }

  /// Blocks one behind the other.
  ///
  /// - Throws: `InvalidConfig` where the number of channels changes without a norm.
  static func layers(_ count: Int, _ inChannels: Int, _ outChannels: Int, style: ConvStyle) throws
    -> Sequential
  {
    guard inChannels == outChannels || style.norm != nil else {
      throw InvalidConfig(
        "conv_to_res needs as many channels in as out where there is no norm_cfg, found \(inChannels), \(outChannels)"
      )
    }
    return Sequential(
      (0..<count).map { SimplifiedBasicBlock($0 == 0 ? inChannels : outChannels, outChannels, style: style) })
  }
}
