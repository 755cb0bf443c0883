import Core

/// Attention between pixels that lie far from each other, then between neighbours.
///
/// Huang et al., "Interlaced Sparse Self-Attention", 2019 (<https://arxiv.org/abs/1907.12273>). Mirrors mmseg's
/// `ISAHead`.
final class ISAHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    var attentionChannels: Int
    /// Rows and columns of a group of neighbours.
    var group: Pair

    init(from reader: inout ConfigReader) throws {
      attentionChannels = try reader.positive("isa_channels")
      group = try reader.value("down_factor", default: 8)
      guard group.array.allSatisfy({ (1...4096).contains($0) }) else {
        throw reader.invalid("must be positive, found \(group)", key: "down_factor")
      }
      base = try DecodeHeadConfig(from: &reader)
      try reader.check(base.style.norm, channels: [attentionChannels])
    }
  }

  /// Attention between the pixels of one map, projected once more.
  final class Relation: SelfAttentionBlock, UnaryModule {
    let outputProject: ConvModule

    init(_ inChannels: Int, _ channels: Int, _ style: ConvStyle) {
      outputProject = style.make(inChannels, inChannels, kernel: 1)
      var options = Options(
        keyChannels: inChannels, queryChannels: inChannels, channels: channels, outChannels: inChannels)
      (options.projections, options.projectsOut, options.style) = (2, false, style)
      super.init(options)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { outputProject(attend(x, x)) }
  }

  let inConv: ConvModule
  let globalRelation: Relation
  let localRelation: Relation
  let outConv: ConvModule
  private let group: Pair

  init(_ config: Config, _ context: BuildContext) throws {
    let base = config.base
    inConv = base.convModule(base.inChannels, base.channels, kernel: 3)
    globalRelation = Relation(base.channels, config.attentionChannels, base.style)
    localRelation = Relation(base.channels, config.attentionChannels, base.style)
    outConv = base.convModule(base.channels * 2, base.channels, kernel: 1)
    group = config.group
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let residual = inConv(try input(features))
    let (n, c, h, w) = (residual.shape[0], residual.shape[1], residual.shape[2], residual.shape[3])
    let groups = Pair(h: (h + group.h - 1) / group.h, w: (w + group.w - 1) / group.w)
    let border = Pair(h: groups.h * group.h - h, w: groups.w * group.w - w)
    var x = residual
    if border != 0 {
      x = x.pad2d(
        top: border.h / 2, bottom: border.h - border.h / 2, left: border.w / 2, right: border.w - border.w / 2
      )
    }
    // 1. One map for each place in a group: [N · group, C, groups].
    x = x.reshaped([n, c, groups.h, group.h, groups.w, group.w]).permuted([0, 3, 5, 1, 2, 4])
    x = globalRelation(x.reshaped([n * group.h * group.w, c, groups.h, groups.w]))
    // 2. One map for each group: [N · groups, C, group].
    x = x.reshaped([n, group.h, group.w, c, groups.h, groups.w]).permuted([0, 4, 5, 3, 1, 2])
    x = localRelation(x.reshaped([n * groups.h * groups.w, c, group.h, group.w]))
    // 3. The image again.
    x = x.reshaped([n, groups.h, groups.w, c, group.h, group.w]).permuted([0, 3, 1, 4, 2, 5])
    x = x.reshaped([n, c, groups.h * group.h, groups.w * group.w])
    if border != 0 {
      x = x.sliced(2, (border.h / 2)..<(border.h / 2 + h)).sliced(3, (border.w / 2)..<(border.w / 2 + w))
    }
    return outConv(.concatenate([x, residual], axis: 1))
  }
}
