/// A 1x1 and a 3x3 convolution, perhaps with a shortcut: the block of Darknet. Mirrors mmdet's `DarknetBottleneck`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H, W]`
public final class DarknetBottleneck: Module, UnaryModule {
  let conv1: ConvModule
  let conv2: any UnaryModule
  private let addsIdentity: Bool

  /// - Parameters:
  ///   - expansion: channels between the convolutions for each that comes out.
  ///   - addsIdentity: whether the input is added, where it has as many channels as the output.
  public init(
    _ inChannels: Int, _ outChannels: Int, expansion: Double = 0.5, addsIdentity: Bool = true,
    isSeparable: Bool = false, style: ConvStyle
  ) {
    let hidden = Int(Double(outChannels) * expansion)
    conv1 = style.make(inChannels, hidden, kernel: 1)
    conv2 = style.make(hidden, outChannels, kernel: 3, padding: 1, isSeparable: isSeparable)
    self.addsIdentity = addsIdentity && inChannels == outChannels
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let y = conv2(conv1(x))
    return addsIdentity ? y + x : y
  }
}

/// A cross stage partial layer: half of the channels go through blocks, half go around them.
///
/// Wang et al., 2019, fig. 3 (<https://arxiv.org/abs/1911.11929>). Mirrors mmdet's `CSPLayer`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H, W]`
public final class CSPLayer: Module, UnaryModule {
  let mainConv: ConvModule
  let shortConv: ConvModule
  let finalConv: ConvModule
  let blocks: Sequential

  /// - Parameter expandRatio: channels of each half for each that comes out.
  public init(
    _ inChannels: Int, _ outChannels: Int, expandRatio: Double = 0.5, blocks: Int = 1,
    addsIdentity: Bool = true,
    isSeparable: Bool = false, style: ConvStyle
  ) {
    let middle = Int(Double(outChannels) * expandRatio)
    mainConv = style.make(inChannels, middle, kernel: 1)
    shortConv = style.make(inChannels, middle, kernel: 1)
    finalConv = style.make(2 * middle, outChannels, kernel: 1)
    self.blocks = Sequential(
      (0..<blocks).map { _ in
        DarknetBottleneck(
          middle, middle, expansion: 1, addsIdentity: addsIdentity, isSeparable: isSeparable, style: style)
      })
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let short = shortConv(x)
    return finalConv(Tensor.concatenate([blocks(mainConv(x)), short], axis: 1))
  }
}
