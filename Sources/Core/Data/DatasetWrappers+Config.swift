import PyConfig

/// `dict(type='ConcatDataset', datasets=[...])`
struct ConcatConfig: ConfigRecord {
  var datasets: [ConfigNode]
  var path: String
  var evaluatesSeparately: Bool

  init(from reader: inout ConfigReader) throws {
    path = reader.path("datasets")
    datasets = try reader.value("datasets")
    evaluatesSeparately = try reader.value("separate_eval", default: true)
  }
}

/// `dict(type='RepeatDataset', dataset=..., times=N)`
struct RepeatConfig: ConfigRecord {
  var dataset: ConfigNode
  var path: String
  var times: Int

  init(from reader: inout ConfigReader) throws {
    path = reader.path("dataset")
    dataset = try reader.value("dataset")
    times = try reader.value("times")
    guard times > 0 else { throw reader.invalid("must be positive, found \(times)", key: "times") }
  }
}

/// `dict(type='ClassBalancedDataset', dataset=..., oversample_thr=T)`
struct ClassBalancedConfig: ConfigRecord {
  var dataset: ConfigNode
  var path: String
  var threshold: Double

  init(from reader: inout ConfigReader) throws {
    path = reader.path("dataset")
    dataset = try reader.value("dataset")
    threshold = try reader.value("oversample_thr")
    reader.ignore("filter_empty_gt")
  }
}

/// Enters the wrappers of data sets, and the transforms, that all tasks share.
public func registerDatasetWrappers(_ registries: inout Registries) {
  registerSharedTransforms(&registries.transforms)
  registries.datasets.register("ConcatDataset", ConcatConfig.self) { config, context in
    try ConcatDataset(
      config.datasets.enumerated().map { try buildDataset($1, path: "\(config.path).\($0)", context) },
      evaluatesSeparately: config.evaluatesSeparately)
  }
  registries.datasets.register("RepeatDataset", RepeatConfig.self) { config, context in
    RepeatDataset(try buildDataset(config.dataset, path: config.path, context), times: config.times)
  }
  registries.datasets.register("ClassBalancedDataset", ClassBalancedConfig.self) { config, context in
    ClassBalancedDataset(
      try buildDataset(config.dataset, path: config.path, context), threshold: config.threshold)
  }
}
