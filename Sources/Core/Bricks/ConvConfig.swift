import PyConfig

/// A `conv_cfg`: which convolution layers a model is built with.
public struct ConvConfig: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    case plain = "Conv2d"
    /// Pads at run time so that the output has `ceil(input / stride)` pixels, as TensorFlow's "SAME".
    case adaptivePadding = "Conv2dAdaptivePadding"
    case weightStandardized = "ConvWS"
    case adaptivelyStandardized = "ConvAWS"
    case deformable = "DCN"
    case modulatedDeformable = "DCNv2"
    case switchableAtrous = "SAC"
  }

  public var kind = Kind.plain
  /// Of `ConvWS`.
  public var eps: Float = 1e-5
  /// In how many groups of channels of a deformable convolution the points move.
  public var deformGroups = 1
  /// Of `SAC`: whether points move.
  public var usesDeform = false

  public init(_ kind: Kind = .plain) { self.kind = kind }

  public static let plain = ConvConfig()

  public func make(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1,
    groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
  ) -> Conv2d {
    switch kind {
    case .plain, .adaptivePadding:
      Conv2d(
        inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
        groups: groups,
        bias: bias, paddingMode: kind == .adaptivePadding ? .same : paddingMode)
    case .weightStandardized:
      ConvWS2d(
        inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
        groups: groups,
        bias: bias, eps: eps)
    case .adaptivelyStandardized:
      ConvAWS2d(
        inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
        groups: groups,
        bias: bias)
    case .deformable:
      DeformConv2dPack(
        inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
        groups: groups,
        deformGroups: deformGroups)
    case .modulatedDeformable:
      ModulatedDeformConv2dPack(
        inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
        groups: groups,
        deformGroups: deformGroups, bias: bias)
    case .switchableAtrous:
      SAConv2d(
        inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
        groups: groups,
        bias: bias, isDeformable: usesDeform && kernel == 3)
    }
  }

  /// Whether the points of the kernel move.
  public var isDeformable: Bool { kind == .deformable || kind == .modulatedDeformable }

  /// - Throws: `InvalidConfig` when no layer can be made for one of these numbers of input channels.
  public func check(channels: [Int]) throws {
    if isDeformable, let odd = channels.first(where: { $0 % deformGroups != 0 }) {
      throw InvalidConfig(
        "deform_groups must divide all channel numbers, found \(deformGroups) groups for \(odd) channels")
    }
  }
}

extension ConvConfig: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    guard let known = type == "Conv" ? .plain : Kind(rawValue: type) else {
      throw BuildError(
        .unknownName(
          type, role: "convolution layer", known: (["Conv"] + Kind.allCases.map(\.rawValue)).sorted()),
        path: reader.path("type"), location: reader.location)
    }
    kind = known
    if kind == .weightStandardized { eps = try reader.value("eps", default: 1e-5) }
    if kind == .switchableAtrous { usesDeform = try reader.value("use_deform", default: false) }
    if isDeformable {
      // The name of the option before mmcv 1.1.
      deformGroups = try reader.optional("deformable_groups") ?? 1
      deformGroups = try reader.value("deform_groups", default: deformGroups)
      guard (1...4096).contains(deformGroups) else {
        throw reader.invalid("must be in 1...4096, found \(deformGroups)", key: "deform_groups")
      }
      // How many images the original takes at a time.
      reader.ignore("im2col_step")
    }
  }
}
