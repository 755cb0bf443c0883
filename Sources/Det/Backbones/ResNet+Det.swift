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
