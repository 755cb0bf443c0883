import PyConfig

// What the configs of hooks look like.

/// What `lr_config` holds.
struct LrUpdaterConfig<Rule: Schedule>: ConfigRecord {
  var schedule: Rule
  var byEpoch: Bool
  var warmup: Warmup?

  init(from reader: inout ConfigReader) throws {
    schedule = try Rule(from: &reader, setting: .learningRate)
    byEpoch = try readByEpoch(Rule.self, &reader)
    warmup = try Warmup.read(&reader, setting: .learningRate)
    if var yolox = schedule as? YOLOXSchedule {
      yolox.note(warmup)
      if let noted = yolox as? Rule { schedule = noted }
    }
  }
}

/// What `momentum_config` holds.
struct MomentumUpdaterConfig<Rule: Schedule>: ConfigRecord {
  var schedule: Rule
  var byEpoch: Bool
  var warmup: Warmup?

  init(from reader: inout ConfigReader) throws {
    schedule = try Rule(from: &reader, setting: .momentum)
    byEpoch = try readByEpoch(Rule.self, &reader)
    warmup = try Warmup.read(&reader, setting: .momentum)
  }
}

struct OneCycleMomentumConfig: ConfigRecord {
  var cycle: OneCycleMomentum
  var warmup: Warmup?

  init(from reader: inout ConfigReader) throws {
    cycle = try OneCycleMomentum(from: &reader)
    if try reader.value("by_epoch", default: false) {
      throw reader.invalid("by_epoch must be False", key: "by_epoch")
    }
    warmup = try Warmup.read(&reader, setting: .momentum)
  }
}

private func readByEpoch<Rule: Schedule>(_: Rule.Type, _ reader: inout ConfigReader) throws -> Bool {
  let byEpoch = try reader.value("by_epoch", default: Rule.countsEpochs)
  if byEpoch, !Rule.allowsEpochs {
    throw reader.invalid("by_epoch must be False for this policy", key: "by_epoch")
  }
  return byEpoch
}

/// What `optimizer_config` holds.
struct OptimizerHookConfig: ConfigRecord {
  var clip: GradientClip?
  var detectsAnomalousParameters: Bool

  init(from reader: inout ConfigReader) throws {
    clip = try reader.optional("grad_clip")
    detectsAnomalousParameters = try reader.value("detect_anomalous_params", default: false)
    // Keys about processes and half precision; there is one process, and training is in single precision.
    reader.ignore("coalesce", "bucket_size_mb", "loss_scale", "distributed")
  }
}

struct CumulativeOptimizerHookConfig: ConfigRecord {
  var iterations: Int
  var base: OptimizerHookConfig

  init(from reader: inout ConfigReader) throws {
    iterations = try reader.value("cumulative_iters", default: 1)
    if iterations <= 0 {
      throw reader.invalid("cumulative_iters must be positive, found \(iterations)", key: "cumulative_iters")
    }
    base = try OptimizerHookConfig(from: &reader)
  }
}

extension CheckpointHook.Options: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    interval = try reader.value("interval", default: interval)
    byEpoch = try reader.value("by_epoch", default: byEpoch)
    savesOptimizer = try reader.value("save_optimizer", default: savesOptimizer)
    outDirectory = try reader.optional("out_dir")
    maxKept = try reader.value("max_keep_ckpts", default: maxKept)
    savesLast = try reader.value("save_last", default: savesLast)
    template = try reader.optional("filename_tmpl")
    if let template, !template.contains("{}") || template.contains("/") {
      throw reader.invalid(
        "filename_tmpl must be a file name with '{}', found '\(template)'", key: "filename_tmpl")
    }
    marksLatest = try reader.value("create_symlink", default: marksLatest)
    meta = reader.node("meta")?.dictionary ?? ConfigDictionary()
    reader.ignore("sync_buffer", "file_client_args")
  }
}

extension EvalHook.Options: ConfigRecord {
  /// Reads the hook's own keys; what is left belongs to the evaluation.
  public init(from reader: inout ConfigReader) throws {
    interval = try reader.value("interval", default: interval)
    start = try reader.optional("start")
    byEpoch = try reader.value("by_epoch", default: byEpoch)
    saveBest = try reader.optional("save_best")
    rule = try reader.optional("rule")
    let greater: OneOrMany<String>? = try reader.optional("greater_keys")
    let less: OneOrMany<String>? = try reader.optional("less_keys")
    greaterKeys = greater?.elements ?? greaterKeys
    lessKeys = less?.elements ?? lessKeys
    outDirectory = try reader.optional("out_dir")
    let dynamic: [[Int]] = try reader.optional("dynamic_intervals") ?? []
    dynamicIntervals = try dynamic.map { pair in
      guard pair.count == 2, pair[1] > 0 else {
        throw reader.invalid(
          "must be pairs of a start and an interval, found \(pair)", key: "dynamic_intervals")
      }
      return (pair[0], pair[1])
    }
    // Choices between ways to test with several processes.
    reader.ignore("gpu_collect", "broadcast_bn_buffer", "tmpdir", "file_client_args", "efficient_test")
  }
}

struct EMAHookConfig: ConfigRecord {
  var momentum: Double
  var interval: Int
  var warmup: Int
  var total: Int
  var skipsBuffers: Bool
  var resumesFrom: String?

  init(from reader: inout ConfigReader) throws {
    momentum = try reader.value("momentum", default: 0.0002)
    interval = try reader.value("interval", default: 1)
    warmup = try reader.value("warm_up", default: 100)
    total = try reader.value("total_iter", default: 2000)
    skipsBuffers = try reader.value("skip_buffers", default: false)
    resumesFrom = try reader.optional("resume_from")
    if warmup <= 0 || total <= 0 { throw reader.invalid("warm_up and total_iter must be positive") }
  }
}

struct CheckInvalidLossConfig: ConfigRecord {
  var interval: Int

  init(from reader: inout ConfigReader) throws { interval = try reader.value("interval", default: 50) }
}

extension LoggerHook.Options: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    interval = try reader.value("interval", default: interval)
    ignoresLast = try reader.value("ignore_last", default: ignoresLast)
    resets = try reader.value("reset_flag", default: resets)
    byEpoch = try reader.value("by_epoch", default: byEpoch)
    if interval <= 0 { throw reader.invalid("interval must be positive, found \(interval)", key: "interval") }
  }
}

struct TextLoggerConfig: ConfigRecord {
  var base: LoggerHook.Options
  var experimentInterval: Int
  var outDirectory: String?
  var outSuffixes: [String]
  var keepsLocal: Bool

  init(from reader: inout ConfigReader) throws {
    base = try LoggerHook.Options(from: &reader)
    experimentInterval = try reader.value("interval_exp_name", default: 1000)
    outDirectory = try reader.optional("out_dir")
    let suffixes: OneOrMany<String>? = try reader.optional("out_suffix")
    outSuffixes = suffixes?.elements ?? [".log.json", ".log", ".py"]
    keepsLocal = try reader.value("keep_local", default: true)
    reader.ignore("file_client_args")
  }
}

struct TensorboardLoggerConfig: ConfigRecord {
  var base: LoggerHook.Options
  var directory: String?

  init(from reader: inout ConfigReader) throws {
    base = try LoggerHook.Options(from: &reader)
    directory = try reader.optional("log_dir")
  }
}

/// Takes any keys, for entries that do nothing or say why they can't.
struct AnyKeysConfig: ConfigRecord {
  init(from reader: inout ConfigReader) throws { _ = reader.takeRest() }
}

/// Takes no keys.
struct NoKeysConfig: ConfigRecord {
  init(from reader: inout ConfigReader) throws {}
}
