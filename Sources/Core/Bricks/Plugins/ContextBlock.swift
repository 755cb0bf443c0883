/// Adds to each pixel, or multiplies it by, something made of one weighted mean over the whole image.
///
/// The global context block of Cao et al., "GCNet", 2019 (<https://arxiv.org/abs/1904.11492>). Mirrors mmcv's
/// `ContextBlock`.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
public final class ContextBlock: Module, UnaryModule {
  public enum Pooling: String, Sendable, CaseIterable, ConfigDecodable {
    /// Weights learnt by a 1x1 convolution and a softmax over pixels.
    case attention = "att"
    /// Equal weights.
    case average = "avg"
  }

  public enum Fusion: String, Sendable, CaseIterable, ConfigDecodable {
    case channelAdd = "channel_add"
    case channelMultiply = "channel_mul"
  }

  let convMask: Conv2d?
  let channelAddConv: Sequential?
  let channelMulConv: Sequential?

  /// - Parameter ratio: channels between the two convolutions, as a share of `channels`.
  public init(
    _ channels: Int, ratio: Double, pooling: Pooling = .attention, fusions: [Fusion] = [.channelAdd]
  ) {
    let planes = max(1, Int(Double(channels) * ratio))
    func transform() -> Sequential {
      Sequential([
        Conv2d(channels, planes, kernel: 1), LayerNorm([planes, 1, 1]), ReLU(),
        Conv2d(planes, channels, kernel: 1),
      ])
    }
    convMask = pooling == .attention ? Conv2d(channels, 1, kernel: 1) : nil
    channelAddConv = fusions.contains(.channelAdd) ? transform() : nil
    channelMulConv = fusions.contains(.channelMultiply) ? transform() : nil
    super.init()
    InitialValues.draw { resetParameters(using: &$0) }
  }

  private func resetParameters(using generator: inout RandomGenerator) {
    if let convMask {
      Init.kaiming(convMask.weight, mode: .fanIn, using: &generator)
      if let bias = convMask.bias { Init.constant(bias, 0) }
    }
    for case let last as Conv2d in [channelAddConv, channelMulConv].compactMap({ $0?.layers.last }) {
      Init.constant(last.weight, 0)
      if let bias = last.bias { Init.constant(bias, 0) }
    }
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    resetParameters(using: &generator)
  }

  /// `[N, channels, 1, 1]`
  private func context(_ x: Tensor) -> Tensor {
    guard let convMask else { return x.globalAvgPool2d() }
    let (n, c, pixels) = (x.shape[0], x.shape[1], x.shape[2] * x.shape[3])
    let weights = convMask(x).reshaped([n, pixels, 1]).softmax(1)
    return x.reshaped([n, c, pixels]).matmul(weights).reshaped([n, c, 1, 1])
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let context = context(x)
    var y = x
    if let channelMulConv { y = y * channelMulConv(context).sigmoid() }
    if let channelAddConv { y = y + channelAddConv(context) }
    return y
  }
}
