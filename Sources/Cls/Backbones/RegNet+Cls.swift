import Core

/// mmcls's `RegNet`: the last stage is returned, and batch normalisation is trained.
struct ClsRegNetConfig: ConfigRecord {
  var config: RegNet.Config

  init(from reader: inout ConfigReader) throws {
    config = try RegNet.Config(readingStagesFrom: &reader, outIndices: [3], evaluatesNorm: false)
    guard try reader.value("deep_stem", default: false) == false else {
      throw reader.invalid("must be False: there is no deep stem", key: "deep_stem")
    }
    config.initialization = try reader.initialization(default: [])
  }
}
