import Core

/// A box head with shared convolutions and fully connected layers, then perhaps more of them for each of its tasks.
///
/// Mirrors mmdet's `ConvFCBBoxHead`, and with fixed numbers of layers `Shared2FCBBoxHead` and `Shared4Conv1FCBBoxHead`.
public class ConvFCBBoxHead: BBoxHead {
  /// How many layers a branch has.
  public struct Branch: Sendable, Equatable {
    public var convs, layers: Int
  }

  public struct Config: ConfigRecord, Sendable {
    public var head: BoxHeadConfig
    public var shared, cls, reg: Branch
    public var convChannels, layerWidth: Int
    public var style: ConvStyle

    public init(from reader: inout ConfigReader) throws { try self.init(from: &reader, shared: nil) }

    /// - Parameter fixed: shared layers of a head that has no others.
    public init(from reader: inout ConfigReader, shared fixed: Branch?) throws {
      head = try BoxHeadConfig(from: &reader)
      func branch(_ name: String, _ reader: inout ConfigReader) throws -> Branch {
        if let fixed { return name == "shared" ? fixed : Branch(convs: 0, layers: 0) }
        return Branch(
          convs: try reader.integer("num_\(name)_convs", default: 0, in: 0...100),
          layers: try reader.integer("num_\(name)_fcs", default: 0, in: 0...100))
      }
      shared = try branch("shared", &reader)
      cls = try branch("cls", &reader)
      reg = try branch("reg", &reader)
      convChannels = try reader.integer("conv_out_channels", default: 256, in: 1...(1 << 20))
      layerWidth = try reader.integer("fc_out_channels", default: 1024, in: 1...(1 << 20))
      style = ConvStyle(
        conv: try reader.optional("conv_cfg") ?? .plain, norm: try reader.optional("norm_cfg"),
        activation: .relu)
      let branches = [shared, cls, reg]
      guard branches.contains(where: { $0.convs + $0.layers > 0 }) else {
        throw reader.invalid(
          "at least one of num_shared_convs, num_shared_fcs, num_cls_... and num_reg_... must be set")
      }
      if cls.convs + reg.convs > 0, shared.layers > 0 {
        throw reader.invalid(
          "must be 0 with convolutions behind it, found \(shared.layers)", key: "num_shared_fcs")
      }
      if (!head.classifies && cls.convs + cls.layers > 0) || (!head.regresses && reg.convs + reg.layers > 0) {
        throw reader.invalid("a branch with layers must be used: with_cls, with_reg")
      }
      if branches.contains(where: { $0.convs > 0 }) {
        let (style, channels) = (style, convChannels)
        try reader.checked { try style.check(channels: [channels]) }
      }
    }
  }

  let sharedConvs: ModuleList<ConvModule>
  let sharedFcs: ModuleList<Linear>
  let clsConvs: ModuleList<ConvModule>
  let clsFcs: ModuleList<Linear>
  let regConvs: ModuleList<ConvModule>
  let regFcs: ModuleList<Linear>

  public init(_ config: Config, _ context: BuildContext) throws {
    let head = config.head
    /// The layers of a branch and what comes out of them.
    func branch(_ branch: Branch, _ inputs: Int, isShared: Bool) -> (
      ModuleList<ConvModule>, ModuleList<Linear>, Int
    ) {
      var width = inputs
      let convs = (0..<branch.convs).map { _ in
        defer { width = config.convChannels }
        return config.style.make(width, config.convChannels, kernel: 3, padding: 1)
      }
      if branch.layers > 0, isShared || config.shared.layers == 0 { width = head.flattened(width) }
      let layers = (0..<branch.layers).map { _ in
        defer { width = config.layerWidth }
        return Linear(width, config.layerWidth)
      }
      return (ModuleList(convs), ModuleList(layers), width)
    }
    let shared = branch(config.shared, head.inChannels, isShared: true)
    let cls = branch(config.cls, shared.2, isShared: false),
      reg = branch(config.reg, shared.2, isShared: false)
    (sharedConvs, sharedFcs) = (shared.0, shared.1)
    (clsConvs, clsFcs, regConvs, regFcs) = (cls.0, cls.1, reg.0, reg.1)
    let isFlat = config.shared.layers > 0
    let xavier = InitConfig(
      .xavier(gain: 1, .uniform),
      overrides: ["shared_fcs", "cls_fcs", "reg_fcs"].map { ($0, InitConfig(.xavier(gain: 1, .uniform))) })
    try super.init(
      head, context,
      features: (
        isFlat || config.cls.layers > 0 ? cls.2 : head.flattened(cls.2),
        isFlat || config.reg.layers > 0 ? reg.2 : head.flattened(reg.2)
      ), standardRules: [xavier])
  }

  public override func callAsFunction(_ x: Tensor) -> BoxOutputs { outputs(shared(x)) }

  /// What both tasks see.
  func shared(_ x: Tensor) -> Tensor {
    var x = x
    for conv in sharedConvs { x = conv(x) }
    if !sharedFcs.isEmpty { x = flattened(x) }
    for layer in sharedFcs { x = layer(x).relu() }
    return x
  }

  /// - Parameter x: what both tasks see.
  func outputs(_ x: Tensor) -> BoxOutputs {
    func branch(_ convs: ModuleList<ConvModule>, _ layers: ModuleList<Linear>) -> Tensor {
      var y = x
      for conv in convs { y = conv(y) }
      y = flattened(y)
      for layer in layers { y = layer(y).relu() }
      return y
    }
    return BoxOutputs(
      scores: fcCls.map { $0(branch(clsConvs, clsFcs)) }, codes: fcReg.map { $0(branch(regConvs, regFcs)) })
  }
}

/// mmdet's `Shared2FCBBoxHead`.
public struct Shared2FCBBoxHeadConfig: ConfigRecord, Sendable {
  public var config: ConvFCBBoxHead.Config
  public init(from reader: inout ConfigReader) throws {
    config = try ConvFCBBoxHead.Config(from: &reader, shared: .init(convs: 0, layers: 2))
  }
}

/// mmdet's `Shared4Conv1FCBBoxHead`.
public struct Shared4Conv1FCBBoxHeadConfig: ConfigRecord, Sendable {
  public var config: ConvFCBBoxHead.Config
  public init(from reader: inout ConfigReader) throws {
    config = try ConvFCBBoxHead.Config(from: &reader, shared: .init(convs: 4, layers: 1))
  }
}

extension Registries {
  /// Box heads of second stages (`roi_head.bbox_head`).
  public var boxHeads: Registry<BBoxHead> {
    get { self[BBoxHead.self, role: "box head"] }
    set { self[BBoxHead.self, role: "box head"] = newValue }
  }
}
