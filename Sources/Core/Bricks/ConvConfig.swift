import PyConfig

/// A `conv_cfg`: which convolution layers a model is built with.
public struct ConvConfig: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    case plain = "Conv2d"
    /// Pads at run time so that the output has `ceil(input / stride)` pixels, as TensorFlow's "SAME".
    case adaptivePadding = "Conv2dAdaptivePadding"
  }

  public var kind = Kind.plain

  public init(_ kind: Kind = .plain) { self.kind = kind }

  public static let plain = ConvConfig()

  public func make(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1,
    groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
  ) -> Conv2d {
    Conv2d(
      inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups,
      bias: bias, paddingMode: kind == .adaptivePadding ? .same : paddingMode)
  }
}

extension ConvConfig: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    switch type {
    case "Conv", "Conv2d": kind = .plain
    case "Conv2dAdaptivePadding": kind = .adaptivePadding
    default:
      throw BuildError(
        .unknownName(type, role: "convolution layer", known: ["Conv", "Conv2d", "Conv2dAdaptivePadding"]),
        path: reader.path("type"), location: reader.location)
    }
  }
}
