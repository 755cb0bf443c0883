import Core

/// mmseg's `ResNet`: all stages are returned, and batch normalisation is trained.
struct SegResNetConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws { resNet = try Self.read(&reader, fixedStem: nil) }

  static func read(
    _ reader: inout ConfigReader, fixedStem: (isDeep: Bool, averagesDown: Bool)?,
    depths: [ResNet.Depth] = ResNet.Depth.standard
  ) throws -> ResNet.Config {
    var config = try ResNet.Config(
      readingStagesFrom: &reader, evaluatesNorm: false, stemChannels: 64, depths: depths, fixedStem: fixedStem
    )
    try config.readDilationRules(from: &reader)
    return config
  }
}

/// `ResNetV1c`: three 3x3 convolutions at the start.
struct SegResNetV1cConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try SegResNetConfig.read(&reader, fixedStem: (isDeep: true, averagesDown: false))
  }
}

/// `ResNetV1d`: as `ResNetV1c`, with pooling in the shortcuts.
struct SegResNetV1dConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try SegResNetConfig.read(&reader, fixedStem: (isDeep: true, averagesDown: true))
  }
}

/// `ResNeXt`: a ResNet whose 3x3 convolutions have groups.
struct SegResNeXtConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try SegResNetConfig.read(&reader, fixedStem: nil, depths: ResNet.Depth.withBottlenecks)
    try resNet.readGroups(from: &reader)
  }
}

/// `ResNeSt`: as `ResNetV1d`, with split attention in each block.
struct SegResNeStConfig: ConfigRecord {
  var resNet: ResNet.Config

  init(from reader: inout ConfigReader) throws {
    resNet = try SegResNetConfig.read(
      &reader, fixedStem: (isDeep: true, averagesDown: true), depths: ResNet.Depth.withBottlenecks + [.r200])
    try resNet.readGroups(from: &reader)
    resNet.middle = try .splitAttention(from: &reader)
  }
}
