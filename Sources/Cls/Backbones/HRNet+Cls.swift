import Core

/// mmcls's `HRNet`: presets by name, batch normalisation is trained.
struct ClsHRNetConfig: ConfigRecord {
  var config: HRNet.Config

  init(from reader: inout ConfigReader) throws {
    config = try HRNet.Config(from: &reader, evaluatesNorm: false, arch: ("w32", Self.presets))
    config.followsMMCls = true
    config.initialization = try reader.initialization(default: config.initialization)
  }

  private static let presets: [String: [HRNet.Stage]] = {
    var presets: [String: [HRNet.Stage]] = [:]
    for width in [18, 30, 32, 40, 44, 48, 64] {
      let first = HRNet.Stage(modules: 1, usesBottleneck: true, blocks: [4], channels: [64])
      presets["w\(width)"] =
        [first]
        + [(2, 1), (3, 4), (4, 3)].map { branches, modules in
          HRNet.Stage(
            modules: modules, usesBottleneck: false, blocks: Array(repeating: 4, count: branches),
            channels: (0..<branches).map { width << $0 })
        }
    }
    return presets
  }()
}
