import Core
import PyConfig

/// mmcls's spelling of the residual networks' options.
struct ClsResNetConfig: ConfigRecord {
  var config = ResNet.Config()

  init(from reader: inout ConfigReader) throws { try self.init(from: &reader, depths: ResNet.Depth.standard) }

  init(
    from reader: inout ConfigReader, depths: [ResNet.Depth], stem isDeep: Bool = false,
    averagesDown: Bool = false
  )
    throws
  {
    config.depth = try ResNet.Depth(from: &reader, among: depths)
    config.inChannels = try reader.value("in_channels", default: 3)
    config.stemChannels = try reader.value("stem_channels", default: 64)
    config.baseChannels = try reader.value("base_channels", default: 64)
    config.expansion = try reader.optional("expansion")
    let stages = try reader.value("num_stages", default: 4)
    config.strides = try reader.value("strides", default: [1, 2, 2, 2])
    config.dilations = try reader.value("dilations", default: [1, 1, 1, 1])
    guard (1...4).contains(stages), config.strides.count == stages, config.dilations.count == stages else {
      throw reader.invalid(
        "num_stages must be 1 to 4 with one stride and one dilation each, found \(stages), \(config.strides), \(config.dilations)"
      )
    }
    config.outIndices = try reader.value("out_indices", default: [3])
    guard config.outIndices.allSatisfy({ (0..<stages).contains($0) }) else {
      throw reader.invalid("must be in 0..<\(stages), found \(config.outIndices)", key: "out_indices")
    }
    config.style = try reader.value("style", default: .pytorch)
    config.stem = try reader.value("deep_stem", default: isDeep) ? .deep : .plain
    config.averageDown = try reader.value("avg_down", default: averagesDown)
    config.frozenStages = try reader.value("frozen_stages", default: -1)
    config.conv = try reader.optional("conv_cfg") ?? .plain
    config.norm = try reader.value("norm_cfg", default: .batchNorm)
    config.evaluatesNorm = try reader.value("norm_eval", default: false)
    config.zeroInitResidual = try reader.value("zero_init_residual", default: true)
    config.dropPath = try reader.value("drop_path_rate", default: 0)
    config.initialization = try reader.initialization(default: config.initialization)
    // Recomputing activations saves memory where it is scarce; it never changes a result.
    reader.ignore("with_cp")
  }
}

/// `ResNeXt`: a ResNet whose 3x3 convolutions have groups.
struct ClsResNeXtConfig: ConfigRecord {
  var config: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    let groups = try reader.value("groups", default: 32)
    let width = try reader.value("width_per_group", default: 4)
    config = try ClsResNetConfig(from: &reader).config
    guard config.depth.usesBottleneck else {
      throw reader.invalid("must be one of 50, 101, 152, found \(config.depth.rawValue)", key: "depth")
    }
    (config.groups, config.widthPerGroup) = (groups, width)
  }
}

/// `SEResNet` and `SEResNeXt`: bottlenecks with squeeze and excitation.
struct ClsSEResNetConfig: ConfigRecord {
  var config: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    try self.init(from: &reader) { try ClsResNetConfig(from: &$0).config }
  }

  init(from reader: inout ConfigReader, base: (inout ConfigReader) throws -> ResNet.Config) throws {
    let ratio = try reader.value("se_ratio", default: 16)
    guard ratio > 0 else { throw reader.invalid("must be positive, found \(ratio)", key: "se_ratio") }
    config = try base(&reader)
    guard config.depth.usesBottleneck else {
      throw reader.invalid("must be one of 50, 101, 152, found \(config.depth.rawValue)", key: "depth")
    }
    config.squeezeRatio = ratio
    // The original's block has no stochastic depth, whatever is asked for.
    config.dropPath = 0
  }
}

struct ClsSEResNeXtConfig: ConfigRecord {
  var config: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    config = try ClsSEResNetConfig(from: &reader) { try ClsResNeXtConfig(from: &$0).config }.config
  }
}

/// `Res2Net`: a hierarchy of 3x3 convolutions in each block.
struct ClsRes2NetConfig: ConfigRecord {
  var config: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    config = try ClsResNetConfig(
      from: &reader, depths: ResNet.Depth.withBottlenecks, stem: true, averagesDown: true
    ).config
    config.middle = try .hierarchy(from: &reader, poolsAlways: true)
    config.omitsIdlePooling = false
    // The original's block has no stochastic depth, whatever is asked for.
    config.dropPath = 0
  }
}

/// `ResNeSt`: as `ResNetV1d`, with split attention in each block.
struct ClsResNeStConfig: ConfigRecord {
  var config: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    let groups = try reader.value("groups", default: 1)
    let width = try reader.value("width_per_group", default: 4)
    config = try ClsResNetConfig(
      from: &reader, depths: ResNet.Depth.withBottlenecks + [.r200, .r269]
    ).config
    (config.stem, config.averageDown) = (.deep, true)
    (config.groups, config.widthPerGroup) = (groups, width)
    config.middle = try .splitAttention(from: &reader)
    // The original's block has no stochastic depth, whatever is asked for.
    config.dropPath = 0
  }
}

struct ClsMobileNetV2Config: ConfigRecord {
  var config: MobileNetV2.Config

  init(from reader: inout ConfigReader) throws {
    config = try MobileNetV2.Config(from: &reader, outIndices: [7])
    config.initialization = try reader.initialization(default: config.initialization)
  }
}

struct ClsVGGConfig: ConfigRecord {
  var config = VGG.Config()

  init(from reader: inout ConfigReader) throws { try self.init(from: &reader, depths: ResNet.Depth.standard) }

  init(
    from reader: inout ConfigReader, depths: [ResNet.Depth], stem isDeep: Bool = false,
    averagesDown: Bool = false
  )
    throws
  {
    config.depth = try reader.value("depth")
    config.classes = try reader.value("num_classes", default: -1)
    config.stages = try reader.value("num_stages", default: 5)
    config.dilations = try reader.value("dilations", default: [1, 1, 1, 1, 1])
    config.outIndices = try reader.optional("out_indices")
    config.frozenStages = try reader.value("frozen_stages", default: -1)
    config.conv = try reader.optional("conv_cfg") ?? .plain
    config.norm = try reader.optional("norm_cfg")
    config.activation = try reader.value("act_cfg", default: .relu)
    config.evaluatesNorm = try reader.value("norm_eval", default: false)
    config.ceilMode = try reader.value("ceil_mode", default: false)
    config.hasLastPool = try reader.value("with_last_pool", default: true)
    config.initialization = try reader.initialization(default: config.initialization)
  }
}

/// Backbones whose only option is whether they classify.
struct PlainBackboneConfig: ConfigRecord {
  var classes: Int

  init(from reader: inout ConfigReader) throws {
    classes = try reader.value("num_classes", default: -1)
    reader.ignore("init_cfg")
  }
}
