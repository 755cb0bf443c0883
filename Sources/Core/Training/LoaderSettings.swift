import PyConfig

/// How a config wants its data loaded: `data.samples_per_gpu`, `data.workers_per_gpu` and the keys of
/// `data.train_dataloader` and its like, which come before them.
public struct LoaderSettings: Sendable {
  public enum Role: String, Sendable, CaseIterable {
    case train, val, test
  }

  public var samplesPerBatch: Int
  public var workers: Int
  public var shuffles: Bool
  public var dropsLast: Bool
  /// `sampler_cfg`: the order of the samples, where it is not the usual one.
  public var sampler = ConfigNodeBox(nil, path: "")
  /// `class_aware_sampler`: how many samples of a class are taken before the next class, where samples go by classes.
  public var samplesPerClass: Int?

  /// - Parameters:
  ///   - data: the config's `data`.
  ///   - testsSingly: whether the batches of validation and test are single samples unless their own keys say
  ///     otherwise (mmdet, mmseg), or as large as those of training (mmcls).
  ///   - dropsLast: whether training leaves out a last batch that is not full unless the config says otherwise.
  /// - Throws: `BuildError` with file, line and key path.
  public init(_ data: ConfigNode?, role: Role, testsSingly: Bool = false, dropsLast: Bool = false) throws {
    (samplesPerBatch, workers) = (1, 2)
    (shuffles, self.dropsLast) = (role == .train, role == .train && dropsLast)
    guard let data, !data.isNone else { return }
    var common = try ConfigReader(data, path: "data")
    try read(&common)
    // What `data` says of order and rest is meant for training; the others have their own keys for it.
    if role != .train { (shuffles, self.dropsLast) = (false, false) }
    if role != .train, testsSingly { samplesPerBatch = try Self.samplesOfDatasets(data, role) ?? 1 }
    let key = "\(role.rawValue)_dataloader"
    if let node = common.node(key), !node.isNone {
      var own = try ConfigReader(node, path: "data.\(key)")
      try read(&own)
      own.ignore("mode")
      try own.finish()
    }
    for role in Role.allCases { common.ignore(role.rawValue, "\(role.rawValue)_dataloader") }
    try common.finish()
  }

  /// `samples_per_gpu` among the keys of the data set itself, the greatest of several data sets.
  private static func samplesOfDatasets(_ data: ConfigNode, _ role: Role) throws -> Int? {
    guard let node = data[role.rawValue] else { return nil }
    return try (node.items ?? [node]).compactMap { item -> Int? in
      guard let count = item["samples_per_gpu"] else { return nil }
      let samples = try Int(from: count, at: "data.\(role.rawValue).samples_per_gpu")
      guard (1...65536).contains(samples) else {
        throw BuildError(
          .invalid("must be in 1...65536, found \(samples)"), path: "data.\(role.rawValue).samples_per_gpu",
          location: count.location)
      }
      return samples
    }.max()
  }

  private mutating func read(_ reader: inout ConfigReader) throws {
    samplesPerBatch = try reader.value("samples_per_gpu", default: samplesPerBatch)
    // What mmdet called it before 2.0, and still takes.
    samplesPerBatch = try reader.value("imgs_per_gpu", default: samplesPerBatch)
    workers = try reader.value("workers_per_gpu", default: workers)
    shuffles = try reader.value("shuffle", default: shuffles)
    dropsLast = try reader.value("drop_last", default: dropsLast)
    reader.ignore("persistent_workers", "pin_memory", "round_up", "prefetch_factor")
    if let node = reader.node("class_aware_sampler"), !node.isNone {
      var own = try ConfigReader(node, path: reader.path("class_aware_sampler"))
      let count = try own.value("num_sample_class", default: 1)
      guard (1...65536).contains(count) else {
        throw own.invalid("must be in 1...65536, found \(count)", key: "num_sample_class")
      }
      try own.finish()
      samplesPerClass = count
    }
    if reader.has("sampler_cfg") {
      sampler = ConfigNodeBox(reader.node("sampler_cfg"), path: reader.path("sampler_cfg"))
    }
    guard (1...65536).contains(samplesPerBatch) else {
      throw reader.invalid("must be in 1...65536, found \(samplesPerBatch)", key: "samples_per_gpu")
    }
    guard (0...256).contains(workers) else {
      throw reader.invalid("must be in 0...256, found \(workers)", key: "workers_per_gpu")
    }
  }
}
