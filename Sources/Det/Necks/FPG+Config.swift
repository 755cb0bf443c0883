import Core
import PyConfig

/// A `*_trans` of `FPG`: a layer from one map to another.
public struct FPGTransition: ConfigRecord, Sendable {
  public enum Kind: String, Sendable, CaseIterable, ConfigDecodable {
    case conv
    case interpolation = "interpolation_conv"
    case last = "last_conv"
  }

  public var kind: Kind
  public var kernel: Pair
  public var options = ConvModule.Options()
  public var upsample = UpsampleConfig(.nearest, factor: 2)

  public init(from reader: inout ConfigReader) throws {
    kind = try reader.value("type")
    kernel = kind == .conv ? try reader.value("kernel_size") : try reader.value("kernel_size", default: 3)
    if kind == .interpolation {
      let corners: Bool? = try reader.optional("align_corners")
      upsample = UpsampleConfig(
        try reader.value("mode", default: .nearest), factor: try reader.value("scale_factor", default: 2),
        alignCorners: corners ?? false)
    }
    options.stride = try reader.value("stride", default: 1)
    // Enlarging and last convolutions keep the size.
    options.padding =
      kind == .conv
      ? try reader.value("padding", default: 0) : Pair(h: (kernel.h - 1) / 2, w: (kernel.w - 1) / 2)
    options.dilation = try reader.value("dilation", default: 1)
    options.conv = try reader.optional("conv_cfg") ?? .plain
    options.norm = try reader.optional("norm_cfg")
    options.activation = try reader.value("act_cfg", default: .relu)
    options.order = try reader.value("order", default: options.order)
    let sizes = kernel.array + options.stride.array + options.dilation.array
    guard sizes.allSatisfy({ (1...64).contains($0) }),
      options.padding.array.allSatisfy({ (0...64).contains($0) })
    else {
      throw reader.invalid("kernel_size, stride and dilation must be 1 to 64, found \(sizes)")
    }
    guard Set(options.order).count == 3, options.order.count == 3 else {
      throw reader.invalid("must name conv, norm and act once each", key: "order")
    }
    reader.ignore("inplace")
  }

  func conv(_ inChannels: Int, _ outChannels: Int) -> ConvModule {
    ConvModule(inChannels, outChannels, kernel: kernel, options)
  }

  func make(_ inChannels: Int, _ outChannels: Int) -> any UnaryModule {
    let conv = conv(inChannels, outChannels)
    return kind == .interpolation ? FPGUpConv(conv, upsample) : conv
  }
}

extension FPG {
  public struct Config: ConfigRecord, Sendable {
    public var inChannels: [Int]
    public var outChannels, outputs: Int
    public var levels: Range<Int>
    /// Channels of each level inside.
    public var widths: [Int]
    /// For each pyramid whether it goes from the top down.
    public var paths: [Bool]
    public var sameDown, sameUp, acrossDown, acrossUp, acrossSkip: FPGTransition?
    public var acrossLateral, output: FPGTransition
    /// For each level the pyramids in which it is left out.
    public var skips: [[Int]]
    public var convolvesExtra: Bool
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      inChannels = try reader.channelList("in_channels")
      outChannels = try reader.integer("out_channels", in: 1...(1 << 20))
      (outputs, levels) = try reader.pyramidLevels(of: inChannels.count)
      let times = try reader.integer("stack_times", in: 0...64)
      let names: [String] = try reader.value("paths")
      guard names.count == times, names.allSatisfy({ $0 == "bu" || $0 == "td" }) else {
        throw reader.invalid("must hold 'bu' or 'td' \(times) times, found \(names)", key: "paths")
      }
      paths = names.map { $0 == "td" }
      let given: OneOrMany<Int>? = try reader.optional("inter_channels")
      let same = Array(repeating: given?.elements.first ?? outChannels, count: outputs)
      widths = given.map { $0.wasList ? $0.elements : same } ?? same
      guard widths.count == outputs, widths.allSatisfy({ (1...(1 << 20)).contains($0) }) else {
        throw reader.invalid(
          "must hold a positive number for each of \(outputs) levels", key: "inter_channels")
      }
      func transition(_ key: String, default standard: ConfigNode?, _ reader: inout ConfigReader) throws
        -> FPGTransition?
      {
        guard let node = reader.node(key) ?? standard, !node.isNone else { return nil }
        return try FPGTransition(from: node, at: reader.path(key))
      }
      func required(_ key: String, default standard: ConfigNode, _ reader: inout ConfigReader) throws
        -> FPGTransition
      {
        guard let transition = try transition(key, default: standard, &reader) else {
          throw reader.invalid("must not be None", key: key)
        }
        return transition
      }
      sameDown = try transition("same_down_trans", default: nil, &reader)
      sameUp = try transition(
        "same_up_trans", default: ["type": "conv", "kernel_size": 3, "stride": 2, "padding": 1], &reader)
      acrossLateral = try required(
        "across_lateral_trans", default: ["type": "conv", "kernel_size": 1], &reader)
      acrossDown = try transition("across_down_trans", default: ["type": "conv", "kernel_size": 3], &reader)
      acrossUp = try transition("across_up_trans", default: nil, &reader)
      acrossSkip = try transition("across_skip_trans", default: ["type": "identity"], &reader)
      output = try required("output_trans", default: ["type": "last_conv", "kernel_size": 3], &reader)
      guard output.kind == .last else {
        throw reader.invalid("must be of the type last_conv", key: "output_trans")
      }
      convolvesExtra = try reader.value("add_extra_convs", default: false)
      skips = try reader.value("skip_inds")
      let (skips, outputs) = (skips, outputs)
      guard skips.count == outputs else {
        throw reader.invalid(
          "must hold a list for each of \(outputs) levels, found \(skips.count)", key: "skip_inds")
      }
      for (stage, isTopDown) in paths.enumerated() where isTopDown {
        guard
          (0..<outputs).allSatisfy({ skips[$0].contains(stage) || !skips[outputs - 1 - $0].contains(stage) })
        else {
          throw reader.invalid(
            "must leave out opposite levels too in a path 'td', found pyramid \(stage)", key: "skip_inds")
        }
      }
      initialization = try reader.initialization(default: [
        InitConfig(.caffe2Xavier, layers: ["Conv2d"]),
        .constant(1, layers: ["_BatchNorm", "_InstanceNorm", "GroupNorm", "LayerNorm"]),
      ])
      // The transitions have norms of their own.
      reader.ignore("norm_cfg")
      let all = [sameDown, sameUp, acrossDown, acrossUp, acrossSkip, acrossLateral].compactMap { $0 }
      let (inner, last, out) = (self.widths, output, outChannels)
      try reader.checked {
        for transition in all { try transition.options.norm?.check(channels: inner) }
        try last.options.norm?.check(channels: last.options.order.first == .norm ? inner : [out])
      }
    }
  }
}
