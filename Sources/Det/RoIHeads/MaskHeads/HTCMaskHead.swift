import Core

/// A mask head that also sees what the mask head of the stage before worked out.
///
/// Chen et al., 2019, section 3.2 (<https://arxiv.org/abs/1901.07518>). Mirrors mmdet's `HTCMaskHead`.
public final class HTCMaskHead: FCNMaskHead {
  public struct Config: ConfigRecord, Sendable {
    public var base: FCNMaskHead.Config
    /// Whether what comes from the stage before goes through a 1x1 convolution; without it nothing can come.
    public var convolvesResult: Bool

    public init(from reader: inout ConfigReader) throws {
      convolvesResult = try reader.value("with_conv_res", default: true)
      base = try FCNMaskHead.Config(from: &reader)
    }
  }

  let convRes: ConvModule?

  public init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    convRes =
      config.convolvesResult ? base.style.make(base.channels, base.channels, kernel: 1) : nil
    try super.init(base, context)
  }

  /// What the layers before the last two give, for this stage and the next.
  ///
  /// - Parameter before: the same of the stage before, if there is one.
  func results(_ x: Tensor, before: Tensor?) -> Tensor {
    guard let before else { return convolved(x) }
    guard let convRes else {
      preconditionFailure("HTCMaskHead: a head with with_conv_res=False is the first one")
    }
    return convolved(x + convRes(before))
  }
}
