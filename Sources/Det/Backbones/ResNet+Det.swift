import Core

/// mmdet's `ResNet`: all stages are returned, and batch normalisation stays at its running statistics.
struct DetResNetConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try ResNet.Config(readingStagesFrom: &reader, evaluatesNorm: true)
  }
}

/// `ResNetV1d`: three 3x3 convolutions at the start, pooling in the shortcuts.
struct DetResNetV1dConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try ResNet.Config(
      readingStagesFrom: &reader, evaluatesNorm: true, fixedStem: (isDeep: true, averagesDown: true))
  }
}

/// `ResNeXt`: a ResNet whose 3x3 convolutions have groups.
struct DetResNeXtConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try ResNet.Config(
      readingStagesFrom: &reader, evaluatesNorm: true, depths: ResNet.Depth.withBottlenecks)
    try resNet.readGroups(from: &reader)
  }
}

/// `Res2Net`: three 3x3 convolutions at the start, a hierarchy of them in each block.
struct DetRes2NetConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try ResNet.Config(
      readingStagesFrom: &reader, evaluatesNorm: true, depths: ResNet.Depth.withBottlenecks,
      fixedStem: (isDeep: true, averagesDown: true))
    resNet.middle = try .hierarchy(from: &reader, poolsAlways: false)
    // The original asks twice whether to fall back, and the second answer is no; `style` is always that of PyTorch.
    (resNet.fallsBackOnStride, resNet.style) = (false, .pytorch)
  }
}

/// `ResNeSt`: as `ResNetV1d`, with split attention in each block.
struct DetResNeStConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try ResNet.Config(
      readingStagesFrom: &reader, evaluatesNorm: true, depths: ResNet.Depth.withBottlenecks + [.r200],
      fixedStem: (isDeep: true, averagesDown: true))
    try resNet.readGroups(from: &reader)
    resNet.middle = try .splitAttention(from: &reader)
  }
}

/// `DetectoRS_ResNet`: switchable convolutions, and a second round with feedback.
struct DetectoRSResNetConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try ResNet.Config(
      readingStagesFrom: &reader, evaluatesNorm: true, depths: ResNet.Depth.withBottlenecks)
    // The original builds its stages twice, and the second time nothing falls back.
    (resNet.fallsBackOnStride, resNet.omitsIdlePooling) = (false, true)
    resNet.switchableStages = try reader.value("stage_with_sac", default: [false, false, false, false])
    resNet.switchable = try reader.optional("sac")
    resNet.feedbackChannels = try reader.optional("rfp_inplanes")
    resNet.returnsImage = try reader.value("output_img", default: false)
    if resNet.initialization.contains(where: \.isPretrained) { return }
    guard resNet.initialization.map(\.layers) == ResNet.Config().initialization.map(\.layers) else {
      throw reader.invalid("must be Pretrained", key: "init_cfg")
    }
    // Every kind of convolution, by its own rule.
    resNet.initialization[0].layers.append("ConvAWS2d")
  }
}

/// `DetectoRS_ResNeXt`: the same with groups.
struct DetectoRSResNeXtConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    let groups = try reader.value("groups", default: 1)
    let width = try reader.value("base_width", default: 4)
    resNet = try DetectoRSResNetConfig(from: &reader).resNet
    (resNet.groups, resNet.widthPerGroup) = (groups, width)
  }
}
